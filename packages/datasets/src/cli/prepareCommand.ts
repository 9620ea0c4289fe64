import { prepare } from '../prepare/prepare.js';
import { shardOf } from '../prepare/shardOf.js';
import { findFfmpeg } from '../video/ffmpeg.js';
import type { Flags } from './dataSets.js';
import { byteText, duration, progressLine, progressText } from './progressLine.js';
import { stopSignals } from './stopSignals.js';

/** `amr-data prepare`: prepares a data set and shows progress. Finished shards are kept when it is stopped. */
export async function prepareCommand(format: string, options: object, flags: Flags): Promise<void> {
  const shard = shardOf(flags['shard'], process.env);
  const { out, workers, skipDamaged } = flags;
  // Fails early, since without ffmpeg every video would count as damaged.
  if (flags['videos'] !== undefined) await findFfmpeg(flags['ffmpeg']);
  const line = progressLine();
  const { finish, signal, close } = stopSignals(() =>
    line.log(
      'Finishing the shards that were started. Ctrl-C again stops at once; then they are written again later.',
    ),
  );
  const start = performance.now();
  let bytes = 0;
  try {
    const { shards, samples, damaged, manifest } = await prepare(format, options, {
      out,
      workers,
      shardBytes: flags['shardSize'] === undefined ? undefined : Math.round(flags['shardSize'] * 1e6),
      shard,
      skipDamaged,
      finish,
      signal,
      log: line.log,
      onProgress(progress) {
        bytes = progress.bytes;
        line.show(progress.done / progress.total, progressText(progress));
      },
    });
    line.close();
    for (const { id, file, reason } of damaged) line.log(`skipped: ${file ?? id}: ${reason}`);
    const seconds = duration((performance.now() - start) / 1000);
    line.log(
      `${samples} samples in ${shards} shards${bytes > 0 ? `, ${byteText(bytes)}` : ''}, ${seconds}; ` +
        (manifest ? `${out} is complete` : `when all ${shard?.count} parts are done: amr-data merge ${out}`),
    );
  } finally {
    line.close();
    close();
  }
}
