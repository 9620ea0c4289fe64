// The program of a runner on tfjs: one backend, one case, one task. It reads requests, one line of JSON
// each, and answers each with a line of JSON: see protocol.ts.
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { type BackendName, useBackend } from '@amr/backend';
import * as tf from '@tensorflow/tfjs-core';
import { cases } from './networks/cases.js';
import { readSharedInputs, setWeights } from './networks/sharedInputs.js';
import { tasks } from './networks/tasks.js';
import { type Outcome, workOf } from './networks/work.js';
import { memory } from './runners/memory.js';
import { type Answer, compared, type Request } from './runners/protocol.js';

const { values: given } = parseArgs({
  options: {
    backend: { type: 'string' },
    stock: { type: 'boolean', default: false },
    threads: { type: 'string' },
    case: { type: 'string' },
    task: { type: 'string' },
    inputs: { type: 'string' },
    batch: { type: 'string' },
  },
});
const say = (answer: Answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
/** Sends errors as answers: a missing kernel, an unavailable backend. */
const answered = async (work: () => Promise<Answer>) => {
  try {
    say(await work());
  } catch (error) {
    say({ error: (error as Error).message });
  }
};

/** Bytes of tensors on a device with its own memory. */
const deviceBytes = () => (tf.memory() as { numBytesInGPUAllocated?: number }).numBytesInGPUAllocated;

let run: (() => Promise<Outcome>) | undefined;

await answered(async () => {
  const threads = given.threads ? Number(given.threads) : undefined;
  await useBackend({ backend: given.backend as BackendName, wasmKernels: !given.stock, threads });
  const { now: baseline } = memory();
  if (given.task) {
    const subject = cases.find(({ name }) => name === given.case)!;
    const { weights, ...samples } = readSharedInputs(
      given.inputs!,
      given.batch ? Number(given.batch) : undefined,
    );
    const model = subject.build();
    setWeights(model, weights);
    run = workOf(tasks[given.task as keyof typeof tasks], model, samples);
  }
  return { baseline };
});

for await (const line of createInterface({ input: process.stdin })) {
  const { atLeast, compare } = JSON.parse(line) as Request;
  await answered(async () => {
    let runs = 0;
    let milliseconds = 0;
    let values: number[] | undefined;
    let processor = 0;
    do {
      const [start, before] = [performance.now(), process.cpuUsage()];
      const outcome = await run!();
      await outcome.last.data();
      milliseconds += performance.now() - start;
      const { user, system } = process.cpuUsage(before);
      processor += (user + system) / 1000;
      runs++;
      if (compare && outcome.compared) values = compared(await outcome.compared.data());
      tf.dispose(outcome as unknown as tf.TensorContainer);
    } while (milliseconds < atLeast);
    const means = { milliseconds: milliseconds / runs, processor: processor / runs };
    return { ...means, runs, peak: memory().peak, device: deviceBytes(), values };
  });
}
process.exit(0);
