import { parentPort, workerData } from 'node:worker_threads';
import { readBatch } from './batchReader.js';
import { type StreamReply, type StreamRequest, type StreamThreadSetup, sentError } from './batchThreads.js';
import { openOrigin } from './openOrigin.js';
import { sampleMaker } from './sampleTransform.js';

/** A worker thread: reads the batches that it is asked for and sends their values without a copy. */
const { origin, recipe } = workerData as StreamThreadSetup;
const port = parentPort!;
const maker = sampleMaker(recipe);
const stored = openOrigin(origin, Object.keys(recipe.stored));
// Whoever asks for a batch hears why it can't be opened.
stored.catch(() => {});
const stops = new Map<number, AbortController>();

port.on('message', async (request: StreamRequest) => {
  if ('unwanted' in request) {
    stops.get(request.unwanted)?.abort();
    return;
  }
  const { batch, samples, epoch } = request;
  const stop = new AbortController();
  stops.set(batch, stop);
  try {
    const values = await readBatch(await stored, maker, samples, epoch, stop.signal);
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
