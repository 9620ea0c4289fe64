// Every test file starts on the cpu backend, the reference; a file that wants another sets it in beforeAll.
import '@tensorflow/tfjs-backend-cpu';
import { ready, setBackend } from '@tensorflow/tfjs-core';
import { configureGlobal } from 'fast-check';

// The cases of property tests are the same in each run; FC_SEED tries others.
configureGlobal({ seed: Number(process.env.FC_SEED ?? 20240719) });

await setBackend('cpu');
await ready();
