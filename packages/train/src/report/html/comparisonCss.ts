/** Style sheet of the comparison's page: light or dark as the reader's system is set, one column on narrow screens. */
export const comparisonCss = `
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#17202b;--muted:#64707e;--line:#e1e5ea;--grid:#e6e9ee;
--good:#0b7a4b;--warn:#9a4a00;--warn-back:#fff1e0;--good-back:#e3f5ec;--baseline:#8a94a1;
--model-0:#2563c9;--model-1:#d9600b;--model-2:#12876f;--model-3:#8b45c7;--model-4:#b8307c;--model-5:#8a6d00;
--modality-0:#12876f;--modality-1:#b8307c;--modality-2:#8a6d00;--modality-3:#8b45c7}
@media (prefers-color-scheme:dark){:root{--page:#11161d;--card:#1a212b;--ink:#e8ecf1;--muted:#98a4b3;--line:#2c3643;--grid:#2a333f;
--good:#5bd6a0;--warn:#ffb765;--warn-back:#3a2810;--good-back:#143528;--baseline:#8995a5;
--model-0:#6ea2ff;--model-1:#ff9a4d;--model-2:#3fc9aa;--model-3:#c08cf5;--model-4:#f27ab8;--model-5:#d9b840;
--modality-0:#3fc9aa;--modality-1:#f27ab8;--modality-2:#d9b840;--modality-3:#c08cf5}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1080px;margin:0 auto;padding:40px 20px 64px}
h1{font-size:28px;line-height:1.2;margin:0 0 6px;letter-spacing:-.01em}
h2{font-size:18px;margin:0 0 14px}
h3{font-size:14px;margin:0 0 6px;font-weight:600}
.lead{color:var(--muted);margin:0 0 24px}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:20px;margin:0 0 20px}
section.cards{background:none;border:0;padding:0;display:grid;grid-template-columns:repeat(auto-fit,minmax(200px,1fr));gap:16px}
.card{background:var(--card);border:1px solid var(--line);border-top:4px solid var(--color);border-radius:12px;padding:16px 18px}
.card .big{font-size:34px;line-height:1.1;font-weight:650;margin:2px 0;font-variant-numeric:tabular-nums}
.card .big span{font-size:18px;font-weight:500;color:var(--muted)}
.card .sub{color:var(--muted);font-size:13px;margin:0 0 10px}
.card dl{display:grid;grid-template-columns:auto 1fr;gap:2px 12px;margin:0;font-size:14px}
.card dt{color:var(--muted)}.card dd{margin:0;text-align:right;font-variant-numeric:tabular-nums}
.card dd.gain{color:var(--good);font-weight:600}
.flag{color:var(--warn);background:var(--warn-back);font-size:13px;font-weight:600;border-radius:6px;padding:3px 8px;margin:10px -8px -4px}
.findings{list-style:none;margin:0 0 8px;padding:0;font-size:14px}.findings li{border-left:3px solid var(--line);padding:4px 10px;margin:0 0 6px;overflow-wrap:anywhere}
.findings li.warning{border-color:var(--warn);background:var(--warn-back);border-radius:0 6px 6px 0}.findings li.warning b{color:var(--warn)}
.findings .passed,.findings .inconclusive{color:var(--muted)}
section h3.named{margin:18px 0 0}section p.sub,details summary{color:var(--muted);font-size:13px;margin:0 0 8px}
.scroll{overflow-x:auto;margin:0 -20px;padding:0 20px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:9px 10px;text-align:right;border-bottom:1px solid var(--line);vertical-align:top;white-space:nowrap}
tbody tr:last-child>*{border-bottom:0}
thead th{font-size:13px;font-weight:600;color:var(--muted)}
thead small{font-weight:400}
th[scope=row]{text-align:left;font-weight:600;white-space:normal;min-width:120px}
thead th:first-child{text-align:left}
.named{display:flex;align-items:baseline;gap:8px}
small{display:block;font-size:12px;font-weight:400;color:var(--muted)}
td b{font-weight:500}
td.average,th.average{border-left:1px solid var(--line)}
td.best b,td.gain b{color:var(--good);background:var(--good-back);font-weight:650;border-radius:5px;padding:2px 6px;margin:-2px -6px}
.swatch{display:inline-block;width:10px;height:10px;border-radius:50%;background:var(--color);flex:none}
.grid figure:only-child{max-width:560px}.grid.narrow figure{max-width:420px}
.legend{display:flex;flex-wrap:wrap;gap:6px 18px;margin:0 0 6px;font-size:13px;color:var(--muted)}
.legend span{display:inline-flex;align-items:center;gap:6px}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(280px,100%),1fr));gap:20px}
.grid.two,.grid.pictures{grid-template-columns:repeat(auto-fit,minmax(min(400px,100%),1fr))}
figure{margin:8px 0 0;min-width:0}
figure svg{display:block;width:100%;height:auto;overflow:visible;color:var(--ink)}
figcaption{font-size:13px;color:var(--muted);margin-top:4px}
.picture{overflow-x:auto}.picture img{max-width:100%;height:auto;display:block}
.prose{max-width:72ch;margin:0 0 8px;color:var(--muted);font-size:14px}
ul.prose{padding-left:18px;margin:0}.prose li{margin:0 0 4px}
.settings{display:grid;grid-template-columns:minmax(110px,auto) 1fr;gap:4px 20px;margin:0;font-size:14px}
.settings dt{color:var(--muted)}.settings dd{margin:0;overflow-wrap:anywhere}
@media (max-width:560px){tbody th,thead th:first-child{position:sticky;left:-16px;background:var(--card)}main{padding:24px 12px 40px}section{padding:16px}.scroll{margin:0 -16px;padding:0 16px}h1{font-size:23px}.card .big{font-size:28px}
th,td{padding:8px 7px}.settings{grid-template-columns:1fr;gap:0}.settings dd{margin:0 0 8px}}
@media print{body{background:#fff}section,.card{break-inside:avoid}}
`.trim();
