import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Backend, Options } from '../networks/options.js';

/** Who is measured: a backend of tfjs or PyTorch on so many threads. */
export interface Contestant {
  /** What tables call it. */
  name: string;
  /** One that is measured for comparison only, and may be too slow for that. */
  stock: boolean;
  /** Whether it is PyTorch. */
  torch: boolean;
  /** The program, with its arguments up to those of the job. */
  program: readonly string[];
}

/** What a contestant's program is started for. Without a job it only says whether it can run. */
export interface Job {
  /** A case's name. */
  case: string;
  /** A task's name. */
  task: string;
  /** The file that `writeMaterial` wrote. */
  material: string;
  /** Samples to take of the batch; absent: all. */
  batch?: number;
}

const beside = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** How a backend is asked for: its arguments, and whether it is tfjs's own with the kernels it comes with. */
const argumentsOf: { [backend in Backend]: (threads: string) => { args: string[]; stock?: true } } = {
  onnx: (threads) => ({ args: ['onnx', '--threads', threads] }),
  'onnx-1': () => ({ args: ['onnx', '--threads', '1'] }),
  wasm: () => ({ args: ['wasm'] }),
  'wasm-threads': (threads) => ({ args: ['wasm', '--threads', threads] }),
  'wasm-stock': () => ({ args: ['wasm', '--stock'], stock: true }),
  cpu: () => ({ args: ['cpu'], stock: true }),
  webgpu: () => ({ args: ['webgpu'] }),
};

/** All that the options name, in the order of the tables. */
export function contestantsOf({ backends, threads, torchDevice, python }: Options): Contestant[] {
  const shared = torchDevice === 'cpu' && threads.length > 0 ? Math.max(...threads) : availableParallelism();
  const tfjs = backends.map((name): Contestant => {
    const { args, stock = false } = argumentsOf[name](`${shared}`);
    const program = [process.execPath, beside('./contestant.js'), '--backend', ...args];
    return { name, stock, torch: false, program };
  });
  const torch = threads.map((count): Contestant => {
    const name = torchDevice === 'cuda' ? 'torch-cuda' : `torch-${count}`;
    const program = [
      python,
      beside('../torch/networks.py'),
      '--threads',
      `${count}`,
      '--device',
      torchDevice,
    ];
    return { name, stock: false, torch: true, program };
  });
  return [...tfjs, ...torch];
}

/** The one that others are divided by: PyTorch on the most threads. */
export function referenceIn(contestants: readonly Contestant[]): Contestant | undefined {
  return contestants.filter(({ torch }) => torch).at(-1);
}

/** The command of a contestant for a job. */
export function commandOf({ program, torch }: Contestant, job?: Job): string[] {
  if (!job) return [...program];
  const { material, task, batch } = job;
  const command = [...program, '--material', material, '--task', task];
  if (batch !== undefined) command.push('--batch', `${batch}`);
  // PyTorch builds the network of what the material says of its layers.
  return torch ? command : [...command, '--case', job.case];
}
