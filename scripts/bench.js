// Runs the packages' benchmarks one after the other: `pnpm bench`, or `pnpm bench attacks` for one package.
// Other arguments (--json FILE) go to each benchmark as they are.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const packages = readdirSync(join(root, 'packages')).sort();
const named = process.argv.slice(2).filter((argument) => packages.includes(argument));
const passed = process.argv.slice(2).filter((argument) => !packages.includes(argument));

let failed = 0;
for (const name of named.length > 0 ? named : packages) {
  const folder = join(root, 'packages', name, 'bench', 'dist');
  if (!existsSync(folder)) {
    if (named.length > 0) {
      console.error(`@amr/${name} has no benchmark`);
      failed++;
    }
    continue;
  }
  for (const file of readdirSync(folder)
    .filter((entry) => entry.endsWith('.js'))
    .sort()) {
    console.log(`\n# @amr/${name}: ${file.replace(/\.js$/, '')}`);
    if (spawnSync(process.execPath, [join(folder, file), ...passed], { stdio: 'inherit' }).status !== 0)
      failed++;
  }
}
process.exitCode = failed > 0 ? 1 : 0;
