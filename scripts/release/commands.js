import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stop } from './stop.js';
import { root } from './workspace.js';

/**
 * Runs a program and returns what it wrote to stdout. With `show`, its output goes to the terminal instead.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, show?: boolean }} [options] `cwd` is the repository by default
 * @returns {string}
 * @throws {ReleaseError} when the program fails; the message holds its output
 */
export function run(program, args, { cwd = root, env = process.env, show = false } = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    env,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
  });
  if (status !== 0) {
    const output = error ? error.message : `${stdout ?? ''}${stderr ?? ''}`.trim();
    const named = [program.split('/').at(-1), ...args].join(' ');
    stop(
      `\`${named}\` in ${cwd}`,
      `exit code ${status}`,
      '0',
      `Fix what it reports${output ? `:\n${output}` : '.'}`,
    );
  }
  return stdout ?? '';
}

/** Runs a program of the repository's devDependencies, as in `tool('publint', ['run', archive])`. */
export const tool = (name, args, options) => run(join(root, 'node_modules', '.bin', name), args, options);

/** Runs the pnpm that started this script, or else the version that package.json names. */
export function pnpm(args, options) {
  const started = process.env.npm_execpath ?? '';
  if (/pnpm[^/\\]*$/.test(started)) return run(process.execPath, [started, ...args], options);
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return run('npx', ['--yes', packageManager, ...args], options);
}

/** Runs git in the repository and returns its output without the last line break. */
export const git = (args, options) => run('git', args, options).trimEnd();
