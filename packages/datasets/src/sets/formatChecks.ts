import { DatasetError } from '../datasetError.js';
import { checkOption } from '../options.js';

/** @throws {DatasetError} when the value of an option is not a path */
export function checkPath(name: string, path: unknown, expected: string): void {
  checkOption(name, path, typeof path === 'string' && path !== '', expected);
}

/** @throws {DatasetError} when there are options of videos, but no folder of videos */
export function checkVideosFolder({ video, videos }: { video?: object; videos?: string }): void {
  if (video === undefined || videos !== undefined) return;
  throw new DatasetError(
    "video: got options of videos without a folder of videos; expected both. Add the option 'videos'.",
  );
}
