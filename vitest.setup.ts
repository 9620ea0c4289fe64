// Every test file starts on the cpu backend, the reference; a file that wants another sets it in beforeAll.
import '@tensorflow/tfjs-backend-cpu';
import { ready, setBackend } from '@tensorflow/tfjs-core';

await setBackend('cpu');
await ready();
