import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { compareReports, mergeReports, ReportError } from '../index.js';
import { type MadeUpModel, madeUpChecks, madeUpCurve, madeUpReport } from './comparison.fixture.js';

const undefended: MadeUpModel = { clean: 0.93, FGSM: [0.35, 0.3, 0.12], 'PGD-20': [0.06, 0.14, 0] };
const trained: MadeUpModel = { clean: 0.86, FGSM: [0.66, 0.71, 0.52], 'PGD-20': [0.6, 0.68, 0.44] };
const slightlyBetter: MadeUpModel = {
  clean: 0.87,
  FGSM: [0.67, 0.72, 0.54],
  'PGD-20': [0.61, 0.69, 0.46],
  weights: true,
};
const muchBetter: MadeUpModel = { clean: 0.87, FGSM: [0.9, 0.9, 0.9], 'PGD-20': [0.85, 0.85, 0.85] };
const pgdOf = (comparison: ReturnType<typeof compareReports>) => comparison.attacks[1]!.models;

describe('compareReports', () => {
  it('takes its figures from the reports', () => {
    const reports = { none: madeUpReport(undefended), trained: madeUpReport(trained) };
    const [none, at] = pgdOf(compareReports(reports, { baseline: 'none' }));
    expect(at!.robust['both']!.value).toBe(reports.trained.robust('both', 'PGD-20').accuracy);
    expect(at!.robust['both']!.range).toEqual(reports.trained.robust('both', 'PGD-20').interval);
    expect(at!.average.value).toBeCloseTo(reports.trained.average('PGD-20').accuracy, 12);
    expect(at!.balance!.value).toBe(reports.trained.balance('PGD-20'));
    const improvement = reports.trained.improvement('PGD-20', reports.none)!;
    expect(at!.improvement!.value).toBeCloseTo(improvement.points, 9);
    expect(at!.improvement!.range![0]).toBeCloseTo(improvement.interval[0], 9);
    expect(none!.improvement).toBeUndefined();
  });

  it('marks a figure that is clearly better, and none within the intervals', () => {
    const models = (best: MadeUpModel) =>
      pgdOf(
        compareReports(
          { none: madeUpReport(undefended), trained: madeUpReport(trained), best: madeUpReport(best) },
          { baseline: 'none' },
        ),
      );
    const close = models(slightlyBetter);
    expect(close[2]!.average.value).toBeGreaterThan(close[1]!.average.value);
    expect(
      close.some(({ average, robust }) => average.best || Object.values(robust).some(({ best }) => best)),
    ).toBe(false);
    expect(close[1]!.improvement!.best).toBe(true);
    const little = pgdOf(
      compareReports(
        { trained: madeUpReport(trained), best: madeUpReport(slightlyBetter) },
        { baseline: 'trained' },
      ),
    );
    expect(little[1]!.improvement!.value).toBeGreaterThan(0);
    expect(little[1]!.improvement!.best).toBe(false);
    const clear = models(muchBetter);
    expect(clear.map(({ average }) => average.best)).toEqual([false, false, true]);
    expect(clear.map(({ robust }) => robust['both']!.best)).toEqual([false, false, true]);
  });

  it('gives means and ranges over seeds, and compares the ranges', () => {
    const around = (model: MadeUpModel, shifts: number[]) =>
      shifts.map((by) =>
        madeUpReport({
          ...model,
          'PGD-20': model['PGD-20'].map((accuracy) => accuracy + by) as [number, number, number],
        }),
      );
    const none = around(undefended, [0, 0.02, 0.04]);
    const overlapping = compareReports(
      { none, a: around(trained, [-0.1, 0, 0.1]), b: around(trained, [0.05, 0.1, 0.2]) },
      { baseline: 'none' },
    );
    const [, a, b] = pgdOf(overlapping);
    expect(a).toMatchObject({ seeds: 3 });
    const averages = overlapping.reports.get('a')!.map((report) => report.average('PGD-20').accuracy);
    expect(a!.average.value).toBeCloseTo((averages[0]! + averages[1]! + averages[2]!) / 3, 12);
    expect(a!.average.range).toEqual([
      expect.closeTo(Math.min(...averages), 12),
      expect.closeTo(Math.max(...averages), 12),
    ]);
    expect(b!.average.best).toBe(false);
    expect(b!.improvement!.best).toBe(true);
    const apart = compareReports({
      none,
      a: around(trained, [-0.1, 0, 0.02]),
      b: around(trained, [0.05, 0.1, 0.2]),
    });
    expect(pgdOf(apart)[2]!.average.best).toBe(true);
    expect(overlapping.toText()).toContain('a (3 seeds)');
    expect(overlapping.toMarkdown()).toContain('the least and the greatest value');
    expect(overlapping.toMarkdown()).not.toContain('one training seed');
  });

  it('renders tables with aligned columns for the terminal', () => {
    const text = compareReports(
      { none: madeUpReport(undefended), 'longer name': madeUpReport(muchBetter) },
      { baseline: 'none', notes: ['A remark.'] },
    ).toText();
    const lines = text.split('\n\n')[1]!.split('\n');
    expect(lines[0]).toBe('PGD-20       clean   rgb only   skeleton only   both   average      RI   balance');
    const ends = [/clean/, /rgb only/, /skeleton only/, /both/, /average/, /RI/].map((head) => {
      const match = head.exec(lines[0]!)!;
      return match.index + match[0].length;
    });
    for (const end of ends.slice(0, 5)) {
      for (const line of lines.slice(1)) expect(line.slice(0, end)).toMatch(/\d\.\d$/);
    }
    expect(text).toContain('A remark.');
    expect(text).toMatch(/\d\.\d\*/);
  });

  it('gives everything as JSON', () => {
    const comparison = compareReports(
      { none: madeUpReport(undefended), best: madeUpReport(slightlyBetter) },
      { baseline: 'none', curves: { best: madeUpCurve(0.9, [1, 1, 1]) }, settings: { seed: 1 } },
    );
    const json = JSON.parse(JSON.stringify(comparison));
    expect(json.comparison).toEqual(JSON.parse(JSON.stringify(comparison.attacks)));
    expect(json.reports.best[0].format).toBe('amr-robustness-report');
    expect(json.curves.best.conditions).toHaveLength(3);
    expect(json.modalityWeights.best.clean.rgb).toBeCloseTo(0.44, 12);
  });

  it('refuses reports that cannot be compared', () => {
    const report = madeUpReport(trained);
    expect(() => compareReports({})).toThrow(ReportError);
    expect(() => compareReports({ a: [] })).toThrow('reports.a: got no report');
    expect(() => compareReports({ a: report, b: madeUpReport(trained, 60) })).toThrow(/differ in samples/);
    expect(() => compareReports({ a: report }, { baseline: 'b' })).toThrow(
      /^baseline: got 'b'; expected one of the models \[a\]/,
    );
    expect(() => compareReports({ a: report }, { curves: { c: madeUpCurve(1, [1, 1, 1]) } })).toThrow(
      /^curves: got 'c'; expected one of the models/,
    );
    expect(() => compareReports({ a: report }, { base: 'a' } as never)).toThrow(
      'compareReports.base: got an unknown option; expected one of baseline, title',
    );
    expect(() => mergeReports([report], { base: report } as never)).toThrow(
      /^mergeReports.base: got an unknown option/,
    );
  });
});

describe('findings of the checks', () => {
  const warning = (message: string) =>
    madeUpChecks({ check: 'black-box', status: 'warning', message, figures: { fooled: 3 } });
  const calm = madeUpChecks({
    check: 'black-box',
    status: 'passed',
    message: 'No sample is fooled.',
    figures: {},
  });
  const build = () =>
    compareReports({
      none: madeUpReport(undefended),
      warned: [
        madeUpReport({ ...trained, checks: calm }),
        madeUpReport({ ...trained, checks: warning('3 <b>fall</b>.') }),
        madeUpReport({ ...trained, checks: warning('2 fall.') }),
      ],
      calm: madeUpReport({ ...muchBetter, checks: calm }),
    });

  it('are summarised over the seeds: the worst of each check, with its first message', () => {
    expect(build().checks).toEqual({
      warned: {
        subject: 'PGD-20 on both, 16 samples',
        warnings: [{ check: 'black-box', message: '3 <b>fall</b>.', seeds: '2 of 3 seeds' }],
        inconclusive: [{ check: 'rising-loss', message: 'Too few steps to tell.', seeds: '' }],
        passed: [{ check: 'probabilities', message: 'The outputs are not probabilities.', seeds: '' }],
      },
      calm: expect.objectContaining({ warnings: [] }),
    });
  });

  it('are above the tables in text and Markdown', () => {
    const text = build().toText().split('\n\n');
    expect(text[0]).toBe(
      'Checks of warned (PGD-20 on both, 16 samples): 1 warning, 1 inconclusive, 1 passed\n' +
        '! black-box (2 of 3 seeds): 3 <b>fall</b>.\n' +
        'Checks of calm (PGD-20 on both, 16 samples): 1 inconclusive, 2 passed',
    );
    const markdown = build().toMarkdown();
    expect(markdown).toContain('- **Warning, black-box (2 of 3 seeds):** 3');
    expect(markdown.indexOf('Checks of warned')).toBeLessThan(markdown.indexOf('| calm |'));
    expect(markdown.indexOf('Checks of warned')).toBeGreaterThanOrEqual(0);
  });

  it('are on the page, warnings first and on the card, and escaped', async () => {
    const { document } = parseHTML(await build().toHTML());
    const flags = [...document.querySelectorAll('.card')].map(
      (card) => card.querySelector('.flag')?.textContent,
    );
    expect(flags).toEqual([undefined, '1 warning from the checks', undefined]);
    const found = [...document.querySelectorAll('.findings li')].map((item) => item.className);
    // The warning is on top, and again among all findings of its model.
    expect(found).toEqual([
      'warning',
      'warning',
      'inconclusive',
      'passed',
      'inconclusive',
      'passed',
      'passed',
    ]);
    expect(document.querySelector('.findings .warning')!.textContent).toBe(
      'warned, black-box (2 of 3 seeds) 3 <b>fall</b>.',
    );
    const without = await compareReports({ none: madeUpReport(undefended) }).toHTML();
    expect(parseHTML(without).document.body.textContent).not.toContain('Checks of the evaluation');
  });
});

describe('the page', () => {
  const evil = '<script>alert("x")</script> & \'co\'';
  const build = () =>
    compareReports(
      {
        none: madeUpReport(undefended),
        [evil]: madeUpReport(slightlyBetter),
        third: madeUpReport(muchBetter),
      },
      {
        baseline: 'none',
        title: evil,
        curves: { none: madeUpCurve(0.9, [0.3, 0.3, 0.2]), [evil]: madeUpCurve(0.9, [2, 2, 1]) },
        settings: { [evil]: evil },
        notes: [evil],
        figures: [
          { title: evil, caption: evil, svg: '<svg id="mine"></svg>' },
          { title: 'a picture', html: '<img alt="theirs">' },
        ],
      },
    );

  it('is complete: tables, plots, pictures, and nothing to load', async () => {
    const html = await build().toHTML();
    const { document } = parseHTML(html);
    const tables = [...document.querySelectorAll('table')];
    expect(tables).toHaveLength(2);
    expect(tables[1]!.querySelectorAll('tbody tr')).toHaveLength(3);
    const cells = [...tables[1]!.querySelectorAll('tbody tr:last-child td b')].map(
      (cell) => cell.textContent,
    );
    expect(cells[4]).toBe((100 * build().attacks[1]!.models[2]!.average.value).toFixed(1));
    // Two dot plots, three curves, one plot of weights, one picture.
    expect(document.querySelectorAll('figure svg')).toHaveLength(7);
    expect(document.querySelectorAll('path[stroke="var(--model-0)"]').length).toBeGreaterThan(0);
    expect(document.querySelector('#mine')).not.toBeNull();
    expect(document.querySelector('img[alt=theirs]')).not.toBeNull();
    expect(html).not.toMatch(/\b(src|href)=|@import|url\(/);
    expect(html.length).toBeLessThan(300_000);
  });

  it('escapes all text', async () => {
    const html = await build().toHTML();
    expect(html).not.toContain('<script');
    const { document } = parseHTML(html);
    expect(document.querySelector('h1')!.textContent).toBe(evil);
    expect(document.querySelectorAll('script')).toHaveLength(0);
  });

  it('exists for a single report, too', async () => {
    const html = await madeUpReport(slightlyBetter).toHTML({ name: 'mine', title: 'My model' });
    const { document } = parseHTML(html);
    expect(document.querySelector('title')!.textContent).toBe('My model');
    expect(document.querySelector('tbody th')!.textContent).toContain('mine');
    expect(html).not.toContain('RI:');
  });
});
