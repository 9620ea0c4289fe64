import { prepare } from '../prepare/prepare.js';
import { shardOf } from '../prepare/shardOf.js';
import { findFfmpeg } from '../video/ffmpeg.js';
import type { Flags } from './dataSets.js';
import { byteText, duration, progressLine, progressText } from './progressLine.js';
import { stopping } from './stopping.js';

/** `amr-data prepare`: prepares a data set, with progress; what was finished stays when it is stopped. */
export async function prepareCommand(format: string, options: object, flags: Flags): Promise<void> {
  const shard = shardOf(flags['shard'], process.env);
  const { out, workers, skipDamaged } = flags;
  // Otherwise each of its videos would be found damaged.
  if (flags['videos'] !== undefined) await findFfmpeg(flags['ffmpeg']);
  const line = progressLine();
  const { finish, signal, close } = stopping(() =>
    line.log('Finishing the shards that are begun; Ctrl-C again stops at once, and they are made anew.'),
  );
  const begun = performance.now();
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
    for (const { id, file, reason } of damaged) line.log(`left out: ${file ?? id}: ${reason}`);
    const seconds = duration((performance.now() - begun) / 1000);
    line.log(
      `${samples} samples in ${shards} shards${bytes > 0 ? `, ${byteText(bytes)}` : ''}, ${seconds}; ` +
        (manifest ? `${out} is whole` : `when all ${shard?.count} shares are done: amr-data merge ${out}`),
    );
  } finally {
    line.close();
    close();
  }
}
