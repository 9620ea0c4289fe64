import { type Attack, apgd, classifierOf, cw, pgd } from '@amr/attacks';
import { BackendUnavailableError, useBackend } from '@amr/backend';
import { budgets, tinyModel, tinySamples } from '@amr/testing/data/tinySamples';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { AdversarialTrainer } from '../index.js';

const available = await useBackend({ backend: 'onnx' }).then(
  () => true,
  (error: unknown) => {
    if (!(error instanceof BackendUnavailableError)) throw error;
    console.warn("Steps on onnx: not tested, since onnxruntime-node isn't installed.");
    return false;
  },
);

/** The parts of the backend 'onnx' that this test observes. */
interface Recording {
  graph: { run(wanted: Iterable<unknown>): void; readonly length: number };
  readSync(dataId: object): unknown;
  beginKernel(): void;
}

/** Runs of ONNX Runtime by their cause: a tensor is read, a new step begins, or a kernel needs values. */
const runs = { read: 0, step: 0, kernel: 0 };

describe.skipIf(!available)('on onnx', () => {
  beforeAll(async () => {
    await tf.setBackend('onnx');
    tf.env().set('ONNX_CPU_FORWARD', false);
    const backend = tf.backend() as unknown as Recording;
    let cause: keyof typeof runs = 'kernel';
    const within = (name: 'beginKernel' | 'readSync', why: keyof typeof runs) => {
      const original = backend[name].bind(backend) as (argument: object) => unknown;
      vi.spyOn(backend, name).mockImplementation((argument?: object) => {
        cause = why;
        try {
          return original(argument!);
        } finally {
          cause = 'kernel';
        }
      });
    };
    within('beginKernel', 'step');
    within('readSync', 'read');
    const run = backend.graph.run.bind(backend.graph);
    vi.spyOn(backend.graph, 'run').mockImplementation((wanted) => {
      runs[cause]++;
      run(wanted);
    });
  });
  beforeEach(() => void Object.assign(runs, { read: 0, step: 0, kernel: 0 }));
  afterAll(() => tf.setBackend('cpu'));

  const attack = async (attack: Attack) => {
    const data = tinySamples(6);
    const classifier = classifierOf(tinyModel({ dropout: 0 }), { output: 'logits' });
    for await (const { inputs, labels } of data.batches({ batchSize: 6 })) {
      tf.dispose(await attack.perturb(classifier, inputs, labels, { seed: 1 }));
      tf.dispose([inputs, labels]);
    }
    return { ...runs };
  };

  test.each([1, 5])('each of %d steps of PGD runs at most once, whole', async (steps) => {
    const { kernel, step } = await attack(pgd(budgets, { steps, randomStart: true }));
    expect(kernel).toBe(0);
    expect(step).toBeLessThanOrEqual(steps);
  });

  test('each step of APGD is one run', async () => {
    const { kernel, step } = await attack(apgd(budgets, { steps: 6 }));
    expect(kernel).toBe(0);
    expect(step).toBeLessThanOrEqual(8);
  });

  test('each step of CW is one run of its gradient and its Adam, and one read of its result', async () => {
    const l2 = {
      rgb: { norm: 'l2', epsilon: 1, range: [0, 1] },
      skeleton: { norm: 'l2', epsilon: 1 },
    } as const;
    const { kernel, step, read } = await attack(
      cw(l2 as never, { steps: 4, binarySearchSteps: 2, abortEarly: false }),
    );
    expect(kernel).toBe(0);
    // And two runs before each of the two searches, for its start.
    expect(step).toBeLessThanOrEqual(8 + 2 * 2);
    expect(read).toBeLessThanOrEqual(14);
  });

  test.each([
    ['SGD', () => tf.train.sgd(0.05)],
    ['momentum', () => tf.train.momentum(0.05, 0.9)],
    ['Adam', () => tf.train.adam(0.01)],
  ])('each step of training by %s is one run, its attack one for each of its steps', async (_, optimizer) => {
    const trainer = new AdversarialTrainer({
      model: tinyModel(),
      objective: 'amr',
      optimizer: optimizer(),
      attack: pgd(budgets, { steps: 2, randomStart: true }),
      weightDecay: 0.01,
      gradientClip: 1,
      batchSize: 5,
      seed: 3,
    });
    const { steps } = await trainer.fit(tinySamples(10), { epochs: 2 });
    expect(steps).toBe(4);
    expect(runs.kernel).toBe(0);
    expect(runs.step).toBeLessThanOrEqual(4 * 3);
  });
});
