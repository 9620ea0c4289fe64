// Another process, started with fork: receives names of cases, and answers with comparisons.
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers';
import { useBackend } from '@amr/backend';
import { cases } from './cases.js';
import { type Comparison, compare } from './comparison.js';

/** A message of the process: first whether it is ready, then an answer to each name. */
export type Answer = { ready: true } | { comparison: Comparison } | { error: string };

const send = (answer: Answer) => process.send!(answer);

process.on('message', (name: string) => {
  compare(cases.find((one) => one.name === name)!).then(
    (comparison) => send({ comparison }),
    (error) => send({ error: `${(error as Error).stack}` }),
  );
});
// With some drivers, Dawn keeps the process alive.
process.on('disconnect', () => process.exit());
try {
  await useBackend({ backend: 'webgpu' });
  send({ ready: true });
} catch (error) {
  send({ error: `${(error as Error).message}` });
}
