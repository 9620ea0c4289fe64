import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DatasetError } from '../datasetError.js';
import { checkCount } from '../options.js';
import { ffmpegPath, runFfmpeg } from './ffmpeg.js';

/** What {@link writeVideo} writes. */
export interface VideoToWrite {
  /** Red, green and blue bytes `[frames, height, width, 3]`. */
  pixels: Uint8Array;
  /** Number of pictures. */
  frames: number;
  /** Columns of a picture. */
  width: number;
  /** Rows of a picture. */
  height: number;
  /** Pictures in a second, default 30. */
  framesPerSecond?: number;
  /**
   * `'lossless'` (FFV1, every byte stays), or a number from 1, the best, to 31, of ffmpeg's MPEG-4 encoder, which most old AVI files
   * are of. Default 2.
   */
  quality?: 'lossless' | number;
}

/** How {@link writeVideo} writes. */
export interface WriteVideoOptions {
  /** The ffmpeg program; absent: that of FFMPEG_PATH, of the PATH, or of `ffmpeg-static`. */
  ffmpeg?: string;
  /** Ends it early, with the signal's reason as the error; the file stays as it was. */
  signal?: AbortSignal;
}

/**
 * Writes an AVI file through ffmpeg. It appears whole or not at all; its folder is made when it is missing. The same pixels give the
 * same bytes with the same ffmpeg.
 * @param file the file, e.g. `clips/S001C001P001R001A001_rgb.avi`
 * @throws {DatasetError} when sizes don't match, ffmpeg is missing, or it fails
 */
export async function writeVideo(
  file: string,
  { pixels, frames, width, height, framesPerSecond = 30, quality = 2 }: VideoToWrite,
  { ffmpeg, signal }: WriteVideoOptions = {},
): Promise<void> {
  for (const [name, value] of Object.entries({ frames, width, height })) checkCount(name, value);
  if (pixels.length !== frames * height * width * 3) {
    throw new DatasetError(
      `${pixels.length} bytes of pixels were given, ${frames} frames of ${width} x ${height} need ${frames * height * width * 3}`,
      { file },
    );
  }
  if (!(framesPerSecond > 0 && framesPerSecond <= 1000)) {
    throw new DatasetError(
      `framesPerSecond: ${framesPerSecond} was given, a number up to 1000 was expected`,
      {
        file,
      },
    );
  }
  if (quality !== 'lossless' && !(quality >= 1 && quality <= 31)) {
    throw new DatasetError(`quality: ${quality} was given, 'lossless' or 1 to 31 was expected`, { file });
  }
  const codec =
    quality === 'lossless'
      ? ['-c:v', 'ffv1', '-pix_fmt', 'bgr0']
      : ['-c:v', 'mpeg4', '-vtag', 'xvid', '-pix_fmt', 'yuv420p', '-qmin', '1', '-q:v', String(quality)];
  const temporary = join(dirname(file), `.${basename(file)}.${process.pid}.tmp`);
  await mkdir(dirname(file), { recursive: true });
  try {
    await runFfmpeg({
      args: [
        ...['-y', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`],
        ...['-r', String(framesPerSecond), '-i', 'pipe:0', ...codec, '-threads', '1'],
        // No encoder's version or date in the file.
        ...[
          '-sws_flags',
          'accurate_rnd+full_chroma_inp+bitexact',
          '-fflags',
          '+bitexact',
          '-flags:v',
          '+bitexact',
        ],
        ...['-f', 'avi', ffmpegPath(temporary)],
      ],
      file,
      program: ffmpeg,
      input: pixels,
      signal,
    });
    const written = await open(temporary, 'r+');
    try {
      await written.sync();
    } finally {
      await written.close();
    }
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
}
