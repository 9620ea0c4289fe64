import { InvalidArgumentError } from 'commander';
import { openPart } from '../data.js';
import type { Run } from '../run.js';
import type { Settings } from '../settings/settings.js';

/** A count on the command line. */
export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('a whole number from 1 was expected');
  return value;
}

/** Clips of the prepared data's two parts. */
export async function countClips({
  settings,
  prepared,
}: Pick<Run, 'settings' | 'prepared'>): Promise<{ train: number; test: number }> {
  const [train, test] = await Promise.all([
    sizeOf(settings, prepared, 'train'),
    sizeOf(settings, prepared, 'test'),
  ]);
  return { train, test };
}

async function sizeOf(settings: Settings, prepared: string, part: 'train' | 'test'): Promise<number> {
  const set = await openPart(settings, prepared, part, { workers: 0 });
  await set.close();
  return set.size;
}

/** Says that a run was stopped, in words and by the exit status that a Ctrl-C gives. */
export function stopped(): void {
  process.stderr.write('Stopped. The same command goes on from there.\n');
  process.exitCode = 130;
}
