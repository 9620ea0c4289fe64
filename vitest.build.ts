import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));

/** Before the tests of the project `built`: builds the workspaces whose sources have changed since their last build. */
export default function setup(): void {
  const stale = workspaces().filter(isStale);
  if (stale.length === 0) return;
  console.log(`Building what has changed since the last build: ${stale.join(', ')}`);
  const { packageManager } = readManifest('.');
  const filters = stale.flatMap((folder) => ['--filter', `./${folder}`]);
  // pnpm builds in the order of dependencies.
  const { status } = spawnSync('npx', ['--yes', packageManager, ...filters, 'run', 'build'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    throw new Error(
      `build: got exit status ${status}; expected 0. Run pnpm ${filters.join(' ')} run build to see why.`,
    );
  }
}

/** Folders that are built, relative to the root. */
function workspaces(): string[] {
  return folders().filter((folder) => existsSync(join(root, folder, 'tsup.config.ts')));
}

function folders(): string[] {
  const below = ['packages', 'examples'].flatMap((parent) =>
    readdirSync(join(root, parent)).map((name) => `${parent}/${name}`),
  );
  return [...below, 'benchmarks'].filter((folder) => existsSync(join(root, folder, 'package.json')));
}

/** Whether a file that goes into the build is newer than the oldest built file, or nothing is built. */
function isStale(folder: string): boolean {
  const dist = join(root, folder, 'dist');
  if (!existsSync(dist)) return true;
  const built = readdirSync(dist).map((name) => statSync(join(dist, name)).mtimeMs);
  const sources = [...bundled(folder)].flatMap(sourceFiles).concat(
    ['tsup.config.ts', 'package.json'].map((name) => join(root, folder, name)),
    join(root, 'tsup.base.ts'),
  );
  return Math.max(...sources.map((file) => statSync(file).mtimeMs)) > Math.min(...built);
}

/** A workspace and those whose sources are bundled into it: its private devDependencies, and theirs. */
function bundled(folder: string, found = new Set<string>()): Set<string> {
  if (found.has(folder)) return found;
  found.add(folder);
  const { devDependencies = {} } = readManifest(folder);
  for (const other of folders()) {
    const { name, private: isPrivate } = readManifest(other);
    if (isPrivate && name in devDependencies) bundled(other, found);
  }
  return found;
}

function sourceFiles(folder: string): string[] {
  const src = join(root, folder, 'src');
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !/\.(test|long|fixture)\.ts$/.test(path))
    .map((path) => join(src, path));
}

function readManifest(folder: string): {
  name: string;
  private?: boolean;
  packageManager: string;
  devDependencies?: { [name: string]: string };
} {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
}
