/**
 * Compares this build of the attacks with an older one, a built checkout in a folder: `--baseline DIR`. Each runs in its own
 * process, on the same networks and samples. In every round each attack runs once in each build, first in one and then
 * in the other, and in the next round the other way round, so that both see the same machine. What the older build doesn't
 * have is left out. `--rounds N` (5), `--samples N` (24), `--queries N` of Square (300), `--cw-steps N` of CW for each
 * constant (50), `--attacks NAME;NAME` (all), `--steps N` of training (150), and `--json FILE`, which adds a line of JSON to a file.
 */
import { type ChildProcess, fork } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { comparisonOf, headOf, isSlower, lineOf, type Rounds, warningsOf } from './comparison.js';
import type { BenchmarkInputs, Request, Run } from './runner.js';

const { values: given } = parseArgs({
  options: {
    baseline: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    samples: { type: 'string', default: '24' },
    queries: { type: 'string', default: '300' },
    'cw-steps': { type: 'string', default: '50' },
    steps: { type: 'string', default: '150' },
    attacks: { type: 'string' },
    json: { type: 'string' },
  },
});
/** An attack that takes less is repeated within a round. */
const SHORTEST = 0.3;

const dist = dirname(fileURLToPath(import.meta.url));
const root = resolve(dist, '../../../..');
const temporary = mkdtempSync(join(tmpdir(), 'amr-baseline-'));
const runners: ChildProcess[] = [];
try {
  await compare(resolve(given.baseline ?? ''));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  for (const runner of runners) if (runner.connected) runner.disconnect();
  rmSync(temporary, { recursive: true });
}

async function compare(folder: string): Promise<void> {
  if (!given.baseline || !existsSync(join(folder, 'packages/attacks/dist/index.js'))) {
    throw new Error(
      `--baseline: got ${given.baseline ?? 'nothing'}; expected the folder of a built checkout. Run \`pnpm build\` in it first.`,
    );
  }
  const [older, newer] = [await start('older', folder), await start('newer', root)];
  console.log('training two networks ...');
  const steps = Number(given.steps);
  const shared = await ask<BenchmarkInputs>(newer, { what: 'make', samples: Number(given.samples), steps });
  const lengths = { queries: Number(given.queries), cwSteps: Number(given['cw-steps']) };
  const own = await ask<string[]>(newer, { what: 'take', shared, lengths });
  const theirs = await ask<string[]>(older, { what: 'take', shared, lengths });
  const asked = given.attacks?.split(';') ?? own;
  const names = asked.filter((name) => own.includes(name) && theirs.includes(name));
  const skipped = asked.filter((name) => !names.includes(name));
  if (skipped.length > 0) console.log(`not in both builds: ${skipped.join('; ')}`);

  const rounds = new Map<string, Rounds & { older: Run[]; newer: Run[]; repeats: number }>();
  for (const name of names) {
    // Also warms up.
    const { seconds } = await ask<Run>(older, { what: 'attack', name, repeats: 1 });
    await ask<Run>(newer, { what: 'attack', name, repeats: 1 });
    const repeats = Math.ceil(SHORTEST / seconds);
    rounds.set(name, { attack: name, older: [], newer: [], repeats });
  }
  const count = Number(given.rounds);
  for (let round = 0; round < count; round++) {
    console.error(`round ${round + 1} of ${count}`);
    for (const [name, { repeats, ...runs }] of rounds) {
      const request: Request = { what: 'attack', name, repeats };
      const order = round % 2 === 0 ? (['older', 'newer'] as const) : (['newer', 'older'] as const);
      for (const which of order) {
        runs[which].push(await ask<Run>(which === 'older' ? older : newer, request));
      }
    }
  }

  const comparisons = [...rounds.values()].map(comparisonOf);
  console.log(
    `\nolder: ${folder}\n${given.samples} samples, both inputs attacked on two networks one after the other, wasm; medians of ${count} rounds; ratio: newer / older, its smallest and largest; same build: its longest / shortest time`,
  );
  console.log(headOf());
  for (const comparison of comparisons) console.log(lineOf(comparison));
  for (const warning of warningsOf(comparisons)) console.log(`\n${warning}`);
  const slower = comparisons.filter(isSlower).map(({ attack }) => attack);
  console.log(
    slower.length > 0
      ? `\nslower in every round, by more than 3 %: ${slower.join('; ')}`
      : '\nno attack is slower in every round and by more than 3 %',
  );
  if (given.json) {
    appendFileSync(given.json, `${JSON.stringify({ benchmark: 'attacks/baseline', comparisons })}\n`);
  }
}

/** Starts a build's process in its own folder, in which the packages' names lead to that build. */
async function start(name: string, build: string): Promise<ChildProcess> {
  const folder = join(temporary, name);
  mkdirSync(join(folder, 'node_modules/@amr'), { recursive: true });
  mkdirSync(join(folder, 'node_modules/@tensorflow'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const file of readdirSync(join(dist, 'runner'))) {
    copyFileSync(join(dist, 'runner', file), join(folder, file));
  }
  for (const one of ['attacks', 'backend']) {
    symlinkSync(join(build, 'packages', one), join(folder, 'node_modules/@amr', one));
  }
  for (const one of ['tfjs-core', 'tfjs-layers']) {
    const target = realpathSync(join(build, 'packages/attacks/node_modules/@tensorflow', one));
    symlinkSync(target, join(folder, 'node_modules/@tensorflow', one));
  }
  const runner = fork(join(folder, 'runner.js'), { serialization: 'advanced' });
  runners.push(runner);
  await reply<string>(runner);
  return runner;
}

function ask<T>(runner: ChildProcess, request: Request): Promise<T> {
  const answered = reply<T>(runner);
  runner.send(request);
  return answered;
}

/** The next message of a process. */
function reply<T>(runner: ChildProcess): Promise<T> {
  return new Promise((resolved, rejected) => {
    const failed = (code: number | null) =>
      rejected(new Error(`a build's process has ended with ${code}; see above`));
    runner.once('exit', failed);
    runner.once('message', (message) => {
      runner.off('exit', failed);
      resolved(message as T);
    });
  });
}
