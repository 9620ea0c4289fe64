import { parseArgs } from 'node:util';
import { cases } from './cases.js';
import { type TaskName, tasks } from './tasks.js';

/** The backends that can be measured, with the threads of each: ours, and tfjs's own with its stock kernels. */
const backends = ['onnx', 'onnx-1', 'wasm', 'wasm-threads', 'wasm-stock', 'cpu', 'webgpu'] as const;
/** One of them. */
export type Backend = (typeof backends)[number];
const usualBackends: readonly Backend[] = ['onnx', 'wasm', 'wasm-stock', 'cpu'];

/** Options of a run of the benchmark. */
export interface Options {
  backends: readonly Backend[];
  /** Names of cases. */
  cases: readonly string[];
  /** Tasks that a case doesn't have are skipped. */
  tasks: readonly TaskName[];
  /** Timed rounds, in each of which every runner has its turn. */
  rounds: number;
  /** Threads of PyTorch: a runner for each number; none: no PyTorch. */
  threads: readonly number[];
  /** The Python program that has PyTorch. */
  python: string;
  /** Where PyTorch computes. */
  torchDevice: 'cpu' | 'cuda';
  /** Seconds that a stock backend may take for a run before it counts as not measured. */
  limit: number;
  /** A file that a line of JSON is added to. */
  json?: string;
  /** A file for the tables. */
  markdown?: string;
}

/** An invalid option; its message is for the user. */
export class OptionError extends Error {}

/** What `--help` prints. */
export const help = `Times networks, attacks and adversarial training on tfjs's backends and on PyTorch, in one run.

  pnpm bench networks [options]

  --backends LIST    of ${backends.join(', ')}
                     (default ${usualBackends.join(',')}; unavailable ones are skipped)
  --cases LIST       of ${names(cases.filter(({ hidden }) => !hidden)).join(', ')} (default: all)
  --tasks LIST       of ${Object.keys(tasks).join(', ')}
                     (default: all)
  --rounds N         timed rounds, all runners in turn in each (default 5)
  --threads LIST     of numbers of threads for PyTorch (default 1,2); 0 for no PyTorch. onnx and wasm-threads
                     have the largest of them, without PyTorch as many as there are cores
  --python PATH      the Python that has PyTorch (default /usr/bin/python3)
  --torch-device D   cpu or cuda (default cpu)
  --limit SECONDS    for one run of wasm-stock or cpu (default 60)
  --quick            two rounds of onnx, wasm and PyTorch on r3d-10, stgcn and two-stream
  --json FILE        adds a line of JSON to a file
  --markdown FILE    writes the tables to a file
  --help             prints this`;

/**
 * Reads the command line.
 * @returns undefined when only help is requested
 * @throws {OptionError} when an option is invalid
 */
export function optionsOf(args: readonly string[]): Options | undefined {
  const given = parsed(args.filter((argument) => argument !== '--'));
  if (given.help) return undefined;
  const { quick } = given;
  const shown = names(cases.filter(({ hidden }) => !hidden));
  const device = given['torch-device'] ?? 'cpu';
  if (device !== 'cpu' && device !== 'cuda') {
    throw new OptionError(`--torch-device: got '${device}'; expected cpu or cuda.`);
  }
  return {
    backends: chosen('--backends', given.backends, backends, quick ? ['onnx', 'wasm'] : usualBackends),
    cases: chosen('--cases', given.cases, names(cases), quick ? ['r3d-10', 'stgcn', 'two-stream'] : shown),
    tasks: chosen('--tasks', given.tasks, Object.keys(tasks) as TaskName[]),
    rounds: whole('--rounds', given.rounds, quick ? 2 : 5),
    threads: threadsOf(given.threads, device),
    python: given.python ?? '/usr/bin/python3',
    torchDevice: device,
    limit: whole('--limit', given.limit, 60),
    json: given.json,
    markdown: given.markdown,
  };
}

function parsed(args: string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({
      args,
      options: {
        backends: text,
        cases: text,
        tasks: text,
        rounds: text,
        threads: text,
        python: text,
        'torch-device': text,
        limit: text,
        json: text,
        markdown: text,
        quick: flag,
        help: flag,
      },
    }).values;
  } catch (error) {
    throw new OptionError(`${(error as Error).message.split('\n', 1)[0]} (--help shows the options)`);
  }
}

function chosen<T extends string>(
  option: string,
  list: string | undefined,
  known: readonly T[],
  usual: readonly T[] = known,
): readonly T[] {
  if (list === undefined) return usual;
  const wanted = list.split(',').map((name) => name.trim());
  const unknown = wanted.filter((name) => !(known as readonly string[]).includes(name));
  if (unknown.length > 0) {
    throw new OptionError(`${option}: got '${unknown.join(', ')}'; expected some of ${known.join(', ')}.`);
  }
  return known.filter((name) => wanted.includes(name));
}

function whole(option: string, text: string | undefined, usual: number): number {
  const value = text === undefined ? usual : Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new OptionError(`${option}: got '${text}'; expected a whole number above 0.`);
}

function threadsOf(list: string | undefined, device: string): number[] {
  if (list === '0') return [];
  if (list === undefined && device === 'cuda') return [1];
  return (list ?? '1,2').split(',').map((text) => whole('--threads', text, 1));
}

function names<T extends { name: string }>(list: readonly T[]): string[] {
  return list.map(({ name }) => name);
}
