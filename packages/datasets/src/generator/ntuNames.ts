import { DatasetError } from '../datasetError.js';
import { checkCount, checkOption } from '../options.js';
import { ntu120MissingSkeletons } from '../sets/ntu/missingSkeletons.js';
import { formatSampleName } from '../sets/ntu/sampleName.js';
import type { PlannedClip } from './clipPlan.js';

/** NTU's number of each of the generator's actions that NTU has; the names of some differ. */
export const ntuActionNumbers: { readonly [action: string]: number } = {
  drink: 1,
  'pick up': 6,
  throw: 7,
  'sit down': 8,
  'stand up': 9,
  clap: 10,
  wave: 23,
  kick: 24,
  hop: 26,
  'answer phone': 28,
  'rub hands': 34,
  bow: 35,
  salute: 38,
  'cross arms': 40,
  cough: 41,
  push: 52,
  handshake: 58,
  'thumb up': 69,
  'thumb down': 70,
  jog: 99,
};

/** Numbers of NTU RGB+D 120. */
const MAX = { subjects: 106, cameras: 3, setups: 32 };

/** The first twelve of the actions that NTU has. */
export function defaultClasses(persons: 1 | 2 = 1): string[] {
  return Object.keys(ntuActionNumbers)
    .filter((name) => persons === 2 || (name !== 'push' && name !== 'handshake'))
    .slice(0, 12);
}

/**
 * NTU's names for the clips, which are unique. Clips of one action, subject and camera differ in the replication, then in the setup.
 * @throws {DatasetError} when NTU has no name for a clip
 */
export function namesOf(
  clips: readonly PlannedClip[],
  classes: readonly string[],
  options: { setups?: number; subjects?: number; views?: number },
): string[] {
  const { setups = 2, subjects = 16, views = 3 } = options;
  checkCount('setups', setups);
  for (const [name, value, max] of [
    ['setups', setups, MAX.setups],
    ['subjects', subjects, MAX.subjects],
    ['views', views, MAX.cameras],
  ] as const) {
    checkOption(name, value, value <= max, `at most ${max}, as NTU has`);
  }
  const other = classes.filter((name) => ntuActionNumbers[name] === undefined);
  if (other.length > 0) {
    throw new DatasetError(
      `classes: got ${other.map((name) => `'${name}'`).join(', ')}; expected actions that NTU has: ${Object.keys(ntuActionNumbers).join(', ')}.`,
    );
  }
  const next = new Map<string, number>();
  return clips.map(({ label, spec: { subject, view } }) => {
    const action = ntuActionNumbers[classes[label]!]!;
    const key = `${action} ${subject} ${view}`;
    for (let take = next.get(key) ?? 0; ; take++) {
      const setup = 1 + ((subject - 1) % setups) + setups * Math.floor(take / 2);
      if (setup > MAX.setups) {
        throw new DatasetError(
          `samplesPerClass: got more clips of '${classes[label]}' by subject ${subject} for camera ${view} than NTU has names for in ${MAX.setups} setups; expected fewer. Lower it, or raise subjects.`,
        );
      }
      const name = formatSampleName({ setup, camera: view, subject, replication: 1 + (take % 2), action });
      if (ntu120MissingSkeletons.has(name)) continue;
      next.set(key, take + 1);
      return name;
    }
  });
}
