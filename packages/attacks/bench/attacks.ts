/**
 * What each attack costs and what it leaves: time, forward and backward passes per sample, and accuracy, on two small
 * networks with two inputs, one trained plainly and one adversarially, both inputs attacked at once. Everything is
 * generated and trained here. `--samples N` (60), `--queries N` of Square (1000), and `--json FILE`, which adds a line
 * of JSON to a file.
 */
import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { classifierOf } from '@amr/attacks';
import { useBackend } from '@amr/backend';
import * as tf from '@tensorflow/tfjs-core';
import { attackList } from './attackList.js';
import { counted, type Passes } from './counted.js';
import { generate, threatModel, trained } from './victims.js';

const { values: given } = parseArgs({
  options: {
    samples: { type: 'string', default: '60' },
    queries: { type: 'string', default: '1000' },
    json: { type: 'string' },
  },
});
const samples = Number(given.samples);
const queries = Number(given.queries);

const { backend } = await useBackend({ backend: 'wasm' });
console.log(`training two networks on ${backend} ...`);
const victims = [await trained(false, 150), await trained(true, 300)].map((network) => classifierOf(network));
const { inputs, labels } = generate(samples, 5);

const accuracyOf = async (classifier: (typeof victims)[number], seen: typeof inputs) => {
  const right = tf.tidy(() => tf.mean(tf.cast(tf.equal(tf.argMax(classifier(seen), 1), labels), 'float32')));
  const [accuracy] = await right.data();
  right.dispose();
  return accuracy!;
};

interface Row {
  attack: string;
  forward: number;
  backward: number;
  seconds: number;
  accuracies: number[];
}

const rows: Row[] = [];
const show = ({ attack, forward, backward, seconds, accuracies }: Row) =>
  console.log(
    [
      attack.padEnd(24),
      ...[forward, backward].map((passes) => passes.toFixed(0).padStart(9)),
      seconds.toFixed(2).padStart(9),
      ...accuracies.map((accuracy) => `${(100 * accuracy).toFixed(1)} %`.padStart(13)),
    ].join(''),
  );

console.log(
  `${samples} samples, both inputs attacked (rgb ${threatModel.rgb.epsilon.toFixed(4)}, skeleton ${threatModel.skeleton.epsilon}, linf); passes per sample and seconds per attack are means of both networks`,
);
console.log(
  `${'attack'.padEnd(24)}${['forward', 'backward', 'seconds'].map((name) => name.padStart(9)).join('')}${['undefended', 'defended'].map((name) => name.padStart(13)).join('')}`,
);
const clean = await Promise.all(victims.map((victim) => accuracyOf(victim, inputs)));
show({ attack: 'none', forward: 1, backward: 0, seconds: 0, accuracies: clean });
for (const [name, make] of attackList({ queries, cwSteps: 1000 })) {
  const attack = make();
  const passes: Passes = { forward: 0, backward: 0 };
  const start = performance.now();
  const accuracies: number[] = [];
  for (const victim of victims) {
    const adversarial = await attack.perturb(counted(victim, passes), inputs, labels, { seed: 1 });
    accuracies.push(await accuracyOf(victim, adversarial));
    tf.dispose(adversarial);
  }
  const share = samples * victims.length;
  const row = {
    attack: name,
    forward: passes.forward / share,
    backward: passes.backward / share,
    seconds: (performance.now() - start) / 1000 / victims.length,
    accuracies,
  };
  rows.push(row);
  show(row);
}
if (given.json)
  appendFileSync(given.json, `${JSON.stringify({ benchmark: 'attacks/attacks', backend, samples, rows })}\n`);
