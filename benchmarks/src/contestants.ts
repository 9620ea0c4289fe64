import { fileURLToPath } from 'node:url';
import type { Options } from './options.js';

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

/** All that the options name, in the order of the tables. */
export function contestantsOf({ backends, threads, torchDevice, python }: Options): Contestant[] {
  const tfjs = backends.map((backend): Contestant => {
    const stock = backend === 'wasm-stock';
    const program = [process.execPath, beside('./contestant.js'), '--backend', stock ? 'wasm' : backend];
    return {
      name: backend,
      stock: stock || backend === 'cpu',
      torch: false,
      program: stock ? [...program, '--stock'] : program,
    };
  });
  const torch = threads.map((count): Contestant => {
    const program = [
      python,
      beside('../torch/networks.py'),
      '--threads',
      `${count}`,
      '--device',
      torchDevice,
    ];
    return {
      name: torchDevice === 'cuda' ? `torch-cuda` : `torch-${count}`,
      stock: false,
      torch: true,
      program,
    };
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
