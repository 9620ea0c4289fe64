import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Backend, Options } from '../networks/options.js';

/** A runner: a backend of tfjs, or PyTorch on so many threads. */
export interface Runner {
  /** Its name in tables. */
  name: string;
  /** Whether it is measured for comparison only, and may be too slow for that. */
  stock: boolean;
  /** Whether it is PyTorch. */
  torch: boolean;
  /** The program, with its arguments up to those of the job. */
  program: readonly string[];
}

/** The job of a runner's program. Without a job it only reports whether it can run. */
export interface Job {
  /** A case's name. */
  case: string;
  /** A task's name. */
  task: string;
  /** The file that `writeSharedInputs` wrote. */
  inputs: string;
  /** Samples to take of the batch; absent: all. */
  batch?: number;
}

const resolvePath = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Arguments of a backend, and whether it is tfjs's own with its stock kernels. */
const argumentsOf: { [backend in Backend]: (threads: string) => { args: string[]; stock?: true } } = {
  onnx: (threads) => ({ args: ['onnx', '--threads', threads] }),
  'onnx-1': () => ({ args: ['onnx', '--threads', '1'] }),
  wasm: () => ({ args: ['wasm'] }),
  'wasm-threads': (threads) => ({ args: ['wasm', '--threads', threads] }),
  'wasm-stock': () => ({ args: ['wasm', '--stock'], stock: true }),
  cpu: () => ({ args: ['cpu'], stock: true }),
  webgpu: () => ({ args: ['webgpu'] }),
};

/** All runners of the options, in the order of the tables. */
export function runnersOf({ backends, threads, torchDevice, python }: Options): Runner[] {
  const shared = torchDevice === 'cpu' && threads.length > 0 ? Math.max(...threads) : availableParallelism();
  const tfjs = backends.map((name): Runner => {
    const { args, stock = false } = argumentsOf[name](`${shared}`);
    const program = [process.execPath, resolvePath('./runner.js'), '--backend', ...args];
    return { name, stock, torch: false, program };
  });
  const torch = threads.map((count): Runner => {
    const name = torchDevice === 'cuda' ? 'torch-cuda' : `torch-${count}`;
    const program = [
      python,
      resolvePath('../torch/networks.py'),
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
export function referenceIn(runners: readonly Runner[]): Runner | undefined {
  return runners.filter(({ torch }) => torch).at(-1);
}

/** The command of a runner for a job. */
export function commandOf({ program, torch }: Runner, job?: Job): string[] {
  if (!job) return [...program];
  const { inputs, task, batch } = job;
  const command = [...program, '--inputs', inputs, '--task', task];
  if (batch !== undefined) command.push('--batch', `${batch}`);
  // PyTorch builds the network from the layers' configs in the inputs.
  return torch ? command : [...command, '--case', job.case];
}
