// Another process, started with fork: takes the names of cases, answers with comparisons.
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-layers';
import { useBackend } from '@amr/backend';
import { cases } from './cases.js';
import { type Comparison, compare } from './comparison.js';

/** What the process sends: first whether it is ready, then an answer to each name. */
export type Answer = { ready: true } | { comparison: Comparison } | { error: string };

const send = (answer: Answer) => process.send!(answer);

process.on('message', (name: string) => {
  compare(cases.find((one) => one.name === name)!).then(
    (comparison) => send({ comparison }),
    (error) => send({ error: `${(error as Error).stack}` }),
  );
});
// Dawn keeps a process alive on some drivers.
process.on('disconnect', () => process.exit());
try {
  await useBackend({ backend: 'webgpu' });
  send({ ready: true });
} catch (error) {
  send({ error: `${(error as Error).message}` });
}
