import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

/**
 * The packages as users get them: packed as a release packs them, installed by npm into empty projects outside of the
 * workspace, where nothing can be found that the archives or their dependencies don't bring.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'amr-archives-'));
const archives: string[] = [];

// npm downloads tfjs and TypeScript unless its cache has them, and unpacks some 300 MB.
vi.setConfig({ testTimeout: 5 * 60_000, hookTimeout: 10 * 60_000 });

const TSC = ['node_modules/typescript/bin/tsc'];
const PEERS = ['@tensorflow/tfjs-core@4.22.0', '@tensorflow/tfjs-layers@4.22.0'];

beforeAll(() => {
  const printed = run('node', [join(root, 'scripts/release/pack.js'), join(folder, 'archives')], root);
  archives.push(...printed.trim().split('\n'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('packs every published package', () => {
  const published = readdirSync(join(root, 'packages')).filter((name) => !manifestOf(name).private);
  const expected = published.map((name) => `amr-${name}-${manifestOf(name).version}.tgz`);
  expect(archives.map((path) => path.slice(join(folder, 'archives/').length))).toEqual(expected);
});

describe.each(['esm', 'commonjs'])('in a project of kind %s', (kind) => {
  let project: string;
  beforeAll(() => {
    project = install(kind, PEERS);
  });

  it('imports every package, attacks a model with the reweighter, and reads back a file', () => {
    expect(JSON.parse(run('node', ['main.js'], project))).toEqual({
      backend: 'wasm',
      // PGD reaches the border of both balls, each of radius 0.1.
      change: [0.1, 0.1],
      oneCopyOfLayers: true,
      oneErrorClass: true,
      bias: [7],
      clips: 2,
      functions: Array(7).fill('function'),
    });
  });

  it('runs the command line of @amr/datasets', () => {
    expect(run(join('node_modules', '.bin', 'amr-data'), ['--help'], project)).toContain('Usage: amr-data');
  });

  it('has one copy of each package and of tfjs', () => {
    const copies = installedPackages(join(project, 'node_modules'));
    for (const [name, folders] of copies) {
      if (/^@(amr|tensorflow)\//.test(name)) expect(folders, name).toHaveLength(1);
    }
    expect([...copies.keys()].filter((name) => name.startsWith('@amr/'))).toHaveLength(archives.length);
    expect(copies.has('@tensorflow/tfjs-core')).toBe(true);
  });
});

describe('in a TypeScript project', () => {
  let project: string;
  beforeAll(() => {
    project = install('typescript', [...PEERS, 'typescript@5.9.3', '@types/node@20.19.43']);
  });

  it.each(['nodenext', 'bundler'])('compiles under the module resolution %s', (resolution) => {
    expect(run('node', [...TSC, '--project', `tsconfig.${resolution}.json`], project)).toBe('');
  });

  it('has declarations without errors', () => {
    // tfjs's own types have errors, so users set skipLibCheck; this test checks ours.
    const all = [...TSC, '--project', 'tsconfig.nodenext.json', '--noEmit', '--skipLibCheck', 'false'];
    const { stdout } = spawnSync('node', all, { cwd: project, encoding: 'utf8' });
    expect(stdout.split('\n').filter((line) => line.startsWith('node_modules/@amr/'))).toEqual([]);
    expect(stdout).toContain('node_modules/@tensorflow/');
  });

  it('runs what tsc made', () => {
    expect(JSON.parse(run('node', ['built/main.js'], project))).toEqual({
      backend: 'wasm',
      change: [0.1, 0.1],
      conditions: ['skeleton'],
      failure: 'DatasetError',
      functions: Array(3).fill('function'),
    });
    expect(JSON.parse(run('node', ['built/required.cjs'], project))).toEqual({
      layer: 'AttentionModalityReweighter',
      attack: 'function',
      functions: 7,
    });
  });
});

/** A copy of `projects/KIND` with the archives and `others` in it, installed by npm. */
function install(kind: string, others: readonly string[]): string {
  const project = join(folder, kind);
  cpSync(fileURLToPath(new URL(`projects/${kind}`, import.meta.url)), project, { recursive: true });
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
  run('npm', ['install', ...quiet, ...archives, ...others], project);
  return project;
}

/** Runs a program and returns what it printed; its output is in the error when it fails. */
function run(program: string, args: readonly string[], cwd: string): string {
  try {
    return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')} in ${cwd} failed:\n${stdout ?? ''}${stderr ?? ''}`);
  }
}

/** Folders of each package below a `node_modules`, nested ones included. */
function installedPackages(modules: string, found = new Map<string, string[]>()): Map<string, string[]> {
  if (!existsSync(modules)) return found;
  const entries = readdirSync(modules).filter((entry) => !entry.startsWith('.'));
  const names = entries.flatMap((entry) =>
    entry.startsWith('@') ? readdirSync(join(modules, entry)).map((name) => `${entry}/${name}`) : entry,
  );
  for (const name of names) {
    found.set(name, [...(found.get(name) ?? []), join(modules, name)]);
    installedPackages(join(modules, name, 'node_modules'), found);
  }
  return found;
}

function manifestOf(name: string): { private?: boolean; version: string } {
  return JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'));
}
