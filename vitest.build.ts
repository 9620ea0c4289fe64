import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));

/** Builds all workspaces, once before the tests of the project `built`, unless nothing has changed since the last build. */
export default function setup(): void {
  const stale = workspaces().filter(isStale);
  if (stale.length === 0) return;
  console.log(`Building, since these have changed: ${stale.join(', ')}`);
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const { status } = spawnSync('npx', ['--yes', packageManager, 'run', 'build'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status !== 0)
    throw new Error(`build: got exit status ${status}; expected 0. Run pnpm build to see why.`);
}

/** Folders whose package is built, relative to the root. */
function workspaces(): string[] {
  const folders = ['packages', 'examples'].flatMap((parent) =>
    readdirSync(join(root, parent)).map((name) => join(parent, name)),
  );
  return [...folders, 'benchmarks'].filter((folder) => existsSync(join(root, folder, 'tsup.config.ts')));
}

/** Whether a source file, of the workspace or of packages/internal, is newer than the oldest built file. */
function isStale(folder: string): boolean {
  const dist = join(root, folder, 'dist');
  if (!existsSync(dist)) return true;
  const built = readdirSync(dist).map((name) => statSync(join(dist, name)).mtimeMs);
  const sources = [join(root, folder, 'src'), join(root, 'packages/internal/src')].flatMap(sourceFiles);
  return Math.max(...sources.map((file) => statSync(file).mtimeMs)) > Math.min(...built);
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !/\.(test|long|fixture)\.ts$/.test(path))
    .map((path) => join(folder, path));
}
