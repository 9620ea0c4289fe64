import type { Run } from './run.js';

/**
 * The options of the data set's format: its paths, and how its files become arrays.
 * @throws when a required path is missing
 */
export function prepareOptions({ settings, roots }: Pick<Run, 'settings' | 'roots'>): {
  [name: string]: unknown;
} {
  const { dataset, prepare } = settings;
  const missing = Object.entries(dataset.roots)
    .filter(([name, need]) => need === 'required' && !(name in roots))
    .map(([name]) => `--root ${name}=DIR`);
  if (missing.length > 0) {
    throw new Error(
      `--root: got no path of ${dataset.title}'s files; expected ${missing.join(' and ')}. Add it.`,
    );
  }
  return { ...roots, ...prepare };
}
