/*
 * One of the two builds that `baseline.ts` compares. It runs in its own process, from a folder whose node_modules link
 * to that build, so that the imports below are that build's. It does what its parent asks for, one thing after the other.
 */
import { type Attack, classifierOf, type Modalities } from '@amr/attacks';
import { useBackend } from '@amr/backend';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { attackList, type Lengths } from './attackList.js';
import { build, generate, trained } from './victims.js';

/** A tensor on its way between processes. */
export interface Values {
  data: Float32Array | Int32Array;
  shape: number[];
}

/** What both builds work on. */
export interface BenchmarkInputs {
  /** Weights of the networks. */
  networks: Values[][];
  inputs: { [modality: string]: Values };
  labels: Values;
}

/** What the parent asks for. */
export type Request =
  | { what: 'make'; samples: number; steps: number }
  | { what: 'take'; shared: BenchmarkInputs; lengths: Lengths }
  | { what: 'attack'; name: string; repeats: number };

/** The result of an attack on each network in turn, `repeats` times. */
export interface Run {
  /** Seconds by the clock, and of the processor, for one time. */
  seconds: number;
  processor: number;
  /** Fraction of samples that the networks still get right. */
  accuracy: number;
  /** The points that were found, the networks' one after the other. */
  points: Float32Array;
}

let victims: LayersModel[] = [];
let inputs: Modalities = {};
let labels: tf.Tensor1D;
let attacks = new Map<string, Attack>();

const sent = (x: tf.Tensor): Values => ({ data: x.dataSync() as Float32Array, shape: x.shape });
const received = ({ data, shape }: Values): tf.Tensor =>
  tf.tensor(data, shape, data instanceof Int32Array ? 'int32' : 'float32');

/** Trains the networks and generates the samples. */
async function make(samples: number, steps: number): Promise<BenchmarkInputs> {
  const networks = [await trained(false, steps), await trained(true, 2 * steps)];
  const batch = generate(samples, 5);
  return {
    networks: networks.map((network) => network.getWeights().map(sent)),
    inputs: Object.fromEntries(Object.entries(batch.inputs).map(([name, x]) => [name, sent(x)])),
    labels: sent(batch.labels),
  };
}

/** Gets ready. @returns names of the attacks that this build has */
function take(shared: BenchmarkInputs, lengths: Lengths): string[] {
  victims = shared.networks.map((weights) => {
    const network = build();
    network.setWeights(weights.map(received));
    return network;
  });
  inputs = Object.fromEntries(Object.entries(shared.inputs).map(([name, x]) => [name, received(x)]));
  labels = received(shared.labels) as tf.Tensor1D;
  attacks = new Map();
  for (const [name, attack] of attackList(lengths)) {
    try {
      attacks.set(name, attack());
    } catch {
      // A build from before this attack: the parent says so.
    }
  }
  return [...attacks.keys()];
}

async function run(name: string, repeats: number): Promise<Run> {
  const attack = attacks.get(name)!;
  const classifiers = victims.map((network) => classifierOf(network));
  const points: tf.Tensor[] = [];
  const before = process.cpuUsage();
  const start = performance.now();
  for (let i = 0; i < repeats; i++) {
    tf.dispose(points.splice(0));
    for (const classifier of classifiers) {
      const adversarial = await attack.perturb(classifier, inputs, labels, { seed: 1 });
      points.push(...Object.values(adversarial));
    }
  }
  // The backend may be behind.
  await points.at(-1)!.data();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  const names = Object.keys(inputs);
  const right = classifiers.map((classifier, i) =>
    tf.tidy(() => {
      const at = Object.fromEntries(names.map((key, j) => [key, points[i * names.length + j]!]));
      return tf.mean(tf.cast(tf.equal(tf.argMax(classifier(at), 1), labels), 'float32')).dataSync()[0]!;
    }),
  );
  const all = tf.tidy(() => tf.concat(points.map((x) => tf.reshape(x, [-1]))));
  const found = (await all.data()) as Float32Array;
  tf.dispose([all, ...points]);
  return {
    seconds: seconds / repeats,
    processor: (user + system) / 1e6 / repeats,
    accuracy: right.reduce((sum, one) => sum + one, 0) / right.length,
    points: found,
  };
}

const { backend } = await useBackend({ backend: 'wasm' });
process.on('message', async (request: Request) => {
  const reply =
    request.what === 'make'
      ? await make(request.samples, request.steps)
      : request.what === 'take'
        ? take(request.shared, request.lengths)
        : await run(request.name, request.repeats);
  process.send!(reply);
});
process.on('disconnect', () => process.exit());
process.send!(backend);
