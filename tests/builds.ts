import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Why these packages can't be tried as built: one, or one they need, isn't, or has changed since. Empty when they can. */
export function missingBuilds(names: readonly string[]): string {
  const needed = new Set(names);
  const reasons: string[] = [];
  for (const name of needed) {
    const folder = join(root, 'packages', name.slice('@amr/'.length));
    const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    for (const one of Object.keys(dependencies)) if (one.startsWith('@amr/')) needed.add(one);
    const built = join(folder, 'dist', 'index.js');
    if (!existsSync(built)) reasons.push(`${name} is not built`);
    else if (newestSource(join(folder, 'src')) > statSync(built).mtimeMs)
      reasons.push(`${name} has changed since it was built`);
  }
  return reasons.join('; ');
}

/** When the last of the files that go into a build was written. */
function newestSource(folder: string): number {
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !/\.(test|fixture)\.ts$|(^|\/)testing\//.test(path),
  );
  return Math.max(...sources.map((path) => statSync(join(folder, path)).mtimeMs));
}

/** Tells on the terminal what is skipped, and what to do about it. */
export function skipped(what: string, reason: string, remedy: string): void {
  console.warn(`${what}: skipped. ${reason}. ${remedy}`);
}
