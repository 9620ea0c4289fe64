import { verifyPrepared } from '../prepared/verifyPrepared.js';
import { sourceOf } from './infoCommand.js';
import { byteText, progressLine } from './progressLine.js';
import { stopSignals } from './stopSignals.js';

/**
 * `amr-data verify`: compares all shards with the manifest, and prints what differs.
 * @returns whether all shards are as they were written
 */
export async function verifyCommand(place: string): Promise<boolean> {
  const { signal, close } = stopSignals();
  const source = sourceOf(place);
  const line = progressLine();
  try {
    const { samples, shards, faults } = await verifyPrepared(source, {
      signal,
      onProgress: ({ done, total }) => line.show(done / total, `${byteText(done)} of ${byteText(total)}`),
    });
    line.close();
    for (const { message } of faults) console.error(message);
    if (faults.length === 0) console.log(`${samples} samples in ${shards} shards are as they were written`);
    return faults.length === 0;
  } finally {
    line.close();
    close();
    await source.close();
  }
}
