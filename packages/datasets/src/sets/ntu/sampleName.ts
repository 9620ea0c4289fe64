/** The numbers in the name of a sample of NTU RGB+D. All start at 1. */
export interface NtuSampleName {
  /** Number of the setup: the arrangement of the cameras. */
  setup: number;
  /** Number of the camera, 1 to 3. */
  camera: number;
  /** Number of the performer. */
  subject: number;
  /** Number of the repetition, 1 or 2. */
  replication: number;
  /** Number of the action. */
  action: number;
}

/**
 * Parses a sample's name, `SsssCcccPpppRrrrAaaa`, also at the beginning of a file's name.
 * @returns undefined when the text doesn't begin with such a name
 * @example
 * ```ts
 * import { parseSampleName } from '@amr/datasets';
 *
 * console.log(parseSampleName('S001C002P003R002A013_rgb.avi')?.subject); // 3
 * ```
 */
export function parseSampleName(text: string): NtuSampleName | undefined {
  const match = /^S(\d{3})C(\d{3})P(\d{3})R(\d{3})A(\d{3})(?!\d)/.exec(text);
  if (!match) return undefined;
  const [setup, camera, subject, replication, action] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return { setup, camera, subject, replication, action };
}

/** The sample's name with these numbers, each with three digits. */
export function formatSampleName({ setup, camera, subject, replication, action }: NtuSampleName): string {
  const digits = (value: number) => String(value).padStart(3, '0');
  return `S${digits(setup)}C${digits(camera)}P${digits(subject)}R${digits(replication)}A${digits(action)}`;
}
