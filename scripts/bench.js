// Runs the benchmarks one after the other: `pnpm bench`, or `pnpm bench attacks` for those of one package. `networks`
// measures whole networks compared with PyTorch, `floor` the rates of the cores, `data` loading data. Other arguments
// (--json FILE) are passed on. With `--baseline DIR`, as in `pnpm bench attacks --baseline ../older`, a package's
// benchmark `baseline` runs in place of the others: it compares this build with the one in DIR.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const packages = readdirSync(join(root, 'packages')).sort();
const whole = ['data', 'floor', 'networks'];
const known = [...packages, ...whole];
const named = process.argv.slice(2).filter((argument) => known.includes(argument));
const passed = process.argv.slice(2).filter((argument) => !known.includes(argument));

const compares = passed.some((argument) => /^--baseline(=|$)/.test(argument));

let failed = 0;
for (const name of named.length > 0 ? named : known) {
  if (whole.includes(name)) {
    if (!compares) run(name, join(root, 'benchmarks', 'dist', `${name}.js`));
    continue;
  }
  const folder = join(root, 'packages', name, 'bench', 'dist');
  const files = existsSync(folder) ? readdirSync(folder).filter((entry) => entry.endsWith('.js')) : [];
  const chosen = files.filter((file) => (file === 'baseline.js') === compares);
  if (chosen.length === 0 && named.length > 0) {
    console.error(`@amr/${name} has no benchmark${compares ? ' that compares two builds' : ''}`);
    failed++;
  }
  for (const file of chosen.sort()) {
    run(`@amr/${name}: ${file.replace(/\.js$/, '')}`, join(folder, file));
  }
}
process.exitCode = failed > 0 ? 1 : 0;

function run(title, file) {
  console.log(`\n# ${title}`);
  if (spawnSync(process.execPath, [file, ...passed], { stdio: 'inherit' }).status !== 0) failed++;
}
