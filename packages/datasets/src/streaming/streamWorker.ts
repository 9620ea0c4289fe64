import { parentPort, workerData } from 'node:worker_threads';
import { readBatch } from './batchReader.js';
import { type StreamReply, type StreamRequest, type StreamThreadSetup, sentError } from './batchThreads.js';
import { openOrigin } from './openOrigin.js';
import { sampleTransformer } from './sampleTransform.js';

/** A worker thread: reads the requested batches and sends their values without a copy. */
const { origin, transform } = workerData as StreamThreadSetup;
const port = parentPort!;
const transformer = sampleTransformer(transform);
const stored = openOrigin(origin, Object.keys(transform.stored));
// Marks the rejection as handled: each request for a batch awaits `stored` and reports its error.
stored.catch(() => {});
const stops = new Map<number, AbortController>();

port.on('message', async (request: StreamRequest) => {
  if ('cancelled' in request) {
    stops.get(request.cancelled)?.abort();
    return;
  }
  const { batch, samples, epoch } = request;
  const stop = new AbortController();
  stops.set(batch, stop);
  try {
    const values = await readBatch(await stored, transformer, samples, epoch, stop.signal);
    const buffers = [values.labels, ...Object.values(values.inputs)].map(
      ({ buffer }) => buffer as ArrayBuffer,
    );
    port.postMessage({ batch, values } satisfies StreamReply, buffers);
  } catch (error) {
    port.postMessage({ batch, error: sentError(error) } satisfies StreamReply);
  } finally {
    stops.delete(batch);
  }
});
