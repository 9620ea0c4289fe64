import { writeNtuLayout } from '../generator/ntuLayout.js';
import type { Flags } from './dataSets.js';
import { duration, progressLine } from './progressLine.js';
import { stopSignals } from './stopSignals.js';

/** `amr-data generate`: writes generated clips in NTU RGB+D's layout. */
export async function generateCommand(flags: Flags): Promise<void> {
  const { signal, close } = stopSignals();
  const line = progressLine();
  try {
    const { samplesPerClass, persons, subjects, views, seed } = flags;
    const { clips, skeletons, videos } = await writeNtuLayout(flags['out'], {
      samplesPerClass,
      classes: flags['classes'],
      persons,
      subjects,
      views,
      seed,
      frames: { skeleton: flags['frames'], rgb: flags['videoFrames'] },
      resolution: flags['size'],
      quality: flags['lossless'] ? 'lossless' : undefined,
      signal,
      onProgress({ done, total, remaining = 0 }) {
        line.show(done / total, `${done} of ${total} clips, about ${duration(remaining)} left`);
      },
    });
    line.close();
    console.log(`${clips.length} clips: ${skeletons}, ${videos}`);
  } finally {
    line.close();
    close();
  }
}
