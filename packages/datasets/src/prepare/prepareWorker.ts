import { parentPort, workerData } from 'node:worker_threads';
import { sourceFormats } from '../sets/formats.js';
import type { ListedSample } from '../source/sourceFormat.js';
import { readOutcome } from './readOutcome.js';
import type { ReaderSetup, WorkerReply } from './sampleReaders.js';

/*
 * A worker thread of `prepare`: reads the samples that it receives, one after another, and transfers their arrays back without
 * a copy.
 */
const { format: name, options, modalities } = workerData as ReaderSetup;
const port = parentPort!;
const format = sourceFormats[name]!;
const stop = new AbortController();

port.on('message', async (sample: ListedSample | 'stop') => {
  if (sample === 'stop') return stop.abort();
  try {
    const outcome = await readOutcome(format, sample, options, modalities, stop.signal);
    const buffers = new Set<ArrayBuffer>();
    if ('read' in outcome) {
      const { arrays } = outcome.read;
      for (const [modality, values] of Object.entries(arrays)) {
        // Transferring a view into a larger buffer, such as Node's pool, would transfer all of that buffer.
        const whole = values.byteLength === values.buffer.byteLength ? values : values.slice();
        arrays[modality] = whole;
        buffers.add(whole.buffer as ArrayBuffer);
      }
    }
    port.postMessage({ outcome } satisfies WorkerReply, [...buffers]);
  } catch (error) {
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    port.postMessage({ error: { name, message, stack } } satisfies WorkerReply);
  }
});
