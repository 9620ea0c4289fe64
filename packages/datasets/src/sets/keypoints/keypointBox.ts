import { type PersonBox, personBox } from '../../video/personBox.js';
import { probeVideo } from '../../video/probeVideo.js';
import { checkVideoOptions, type VideoOptions } from '../../video/videoOptions.js';
import type { PictureSize } from './pictureHeights.js';

/**
 * The square of a video that `crop: 'person'` keeps.
 * @param pixels column and row of each point that was found, in pixels of `picture`; the video may have another size
 * @returns undefined for another crop, or without points
 */
export async function keypointBox(
  video: string,
  pixels: readonly number[],
  picture: PictureSize,
  options: VideoOptions = {},
  signal?: AbortSignal,
): Promise<PersonBox | undefined> {
  const { crop, margin, ffmpeg, timeLimit } = checkVideoOptions(options);
  if (crop !== 'person' || pixels.length === 0) return undefined;
  const { width, height } = await probeVideo(video, { ffmpeg, timeLimit, signal });
  const scale = [width / picture.width, height / picture.height];
  const scaled = pixels.map((value, i) => value * scale[i % 2]!);
  return personBox(scaled, { width, height, margin });
}
