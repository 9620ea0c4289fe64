import { writeFile } from 'node:fs/promises';
import { DatasetError } from '../datasetError.js';
import { openShards } from '../prepared/preparedShards.js';
import { fromArrays } from '../source/fromArrays.js';
import { contactSheet } from './contactSheet.js';
import { sourceOf } from './infoCommand.js';

/**
 * `amr-data look`: draws a contact sheet with the first sample of each class of a prepared folder.
 * @returns the ids of the samples, row by row
 */
export async function lookCommand(place: string, out: string, rows: number): Promise<string[]> {
  const shards = await openShards(sourceOf(place));
  try {
    const firsts = new Map<number, number>();
    for (const [i, { label }] of shards.samples.entries()) if (!firsts.has(label)) firsts.set(label, i);
    const chosen = [...firsts.entries()].sort(([a], [b]) => a - b).slice(0, rows);
    const names = Object.entries(shards.modalities).filter(
      ([, { kind }]) => kind === 'video' || kind === 'skeleton',
    );
    if (names.length === 0) {
      throw new DatasetError('got no video and no skeleton; expected one of them to draw.', { file: place });
    }
    const samples = await Promise.all(chosen.map(([, i]) => shards.sample(i)));
    const dataset = fromArrays({
      classes: shards.classes,
      ids: samples.map(({ id }) => id),
      labels: samples.map(({ label }) => label),
      modalities: Object.fromEntries(
        names.map(([name, { dtype, shape, unit, scale, range }]) => {
          const Type = dtype === 'uint8' ? Uint8Array : Float32Array;
          const size = shape.reduce((a, b) => a * b, 1);
          const data = new Type(samples.length * size);
          for (const [row, { arrays }] of samples.entries()) data.set(arrays[name]!, row * size);
          return [name, { data, shape, unit, scale, range }];
        }),
      ),
    });
    const png = await contactSheet(dataset, { samples: samples.map((_, i) => i) });
    await writeFile(out, png);
    return dataset.ids.slice();
  } finally {
    await shards.close();
  }
}
