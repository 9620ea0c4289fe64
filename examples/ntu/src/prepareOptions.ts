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
  return { ...roots, ...prepare };
}
