import type { Run } from './run.js';

/**
 * The options that the data set's format gets: its places, and how its files become arrays.
 * @throws when a place that it needs is not given
 */
export function prepareOptions({ settings, roots }: Pick<Run, 'settings' | 'roots'>): {
  [name: string]: unknown;
} {
  const { dataset, prepare } = settings;
  const missing = Object.entries(dataset.roots)
    .filter(([name, need]) => need === 'required' && !(name in roots))
    .map(([name]) => `--root ${name}=DIR`);
  if (missing.length > 0) {
    throw new Error(`where are the files of ${dataset.title}? Give ${missing.join(' and ')}`);
  }
  const { video, skeleton } = prepare;
  // NTU's formats have a group for skeletons; the others have nothing else.
  const isNtu = dataset.format === 'ntu60' || dataset.format === 'ntu120';
  return { ...roots, video, ...(isNtu ? { skeleton } : skeleton) };
}
