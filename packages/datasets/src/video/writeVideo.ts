import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DatasetError } from '../datasetError.js';
import { checkCount, checkOption, optionKeys, rejectUnknownOptions } from '../options.js';
import { ffmpegPath, runFfmpeg } from './ffmpeg.js';

/** A video for {@link writeVideo}. */
export interface VideoToWrite {
  /** Red, green and blue bytes `[frames, height, width, 3]`. */
  pixels: Uint8Array;
  /** Number of pictures. */
  frames: number;
  /** Columns of a picture. */
  width: number;
  /** Rows of a picture. */
  height: number;
  /** Pictures per second. Default 30. */
  framesPerSecond?: number;
  /**
   * `'lossless'` (FFV1, which keeps every byte), or the quality of ffmpeg's MPEG-4 encoder, which most old AVI files use, from 1
   * (best) to 31. Default 2.
   */
  quality?: 'lossless' | number;
}

/** Options of {@link writeVideo}. */
export interface WriteVideoOptions {
  /** The ffmpeg program. Default: that of FFMPEG_PATH, of the PATH, or of `ffmpeg-static`. */
  ffmpeg?: string;
  /** Cancels the call, which then rejects with the signal's reason and leaves the file as it was. */
  signal?: AbortSignal;
}

const writeKeys = optionKeys<WriteVideoOptions>({ ffmpeg: true, signal: true });

/**
 * Writes an AVI file with ffmpeg, atomically: readers never find an incomplete file. The folder is created when it is missing. The
 * same pixels give the same bytes with the same ffmpeg.
 * @param file the file, e.g. `clips/S001C001P001R001A001_rgb.avi`
 * @throws {DatasetError} when sizes don't match, an option is not valid, or ffmpeg is missing or fails
 */
export async function writeVideo(
  file: string,
  { pixels, frames, width, height, framesPerSecond = 30, quality = 2 }: VideoToWrite,
  options: WriteVideoOptions = {},
): Promise<void> {
  const { ffmpeg, signal } = options;
  rejectUnknownOptions('writeVideo', options, writeKeys);
  for (const [name, value] of Object.entries({ frames, width, height })) checkCount(name, value);
  if (pixels.length !== frames * height * width * 3) {
    throw new DatasetError(
      `pixels: got ${pixels.length} bytes; expected ${frames * height * width * 3} for ${frames} frames of ${width} x ${height}.`,
      { file },
    );
  }
  checkOption(
    'framesPerSecond',
    framesPerSecond,
    framesPerSecond > 0 && framesPerSecond <= 1000,
    'a number above 0, at most 1000',
  );
  const isQuality = quality === 'lossless' || (quality >= 1 && quality <= 31);
  checkOption('quality', quality, isQuality, "'lossless' or a number from 1 to 31");
  const codec =
    quality === 'lossless'
      ? ['-c:v', 'ffv1', '-pix_fmt', 'bgr0']
      : ['-c:v', 'mpeg4', '-vtag', 'xvid', '-pix_fmt', 'yuv420p', '-qmin', '1', '-q:v', String(quality)];
  // ffmpeg itself writes the file, and seeks in it. writeAtomically removes leftovers of this name, too.
  const temporary = join(dirname(file), `.${basename(file)}.${randomUUID()}.tmp`);
  await mkdir(dirname(file), { recursive: true });
  try {
    await runFfmpeg({
      args: [
        ...['-y', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`],
        ...['-r', String(framesPerSecond), '-i', 'pipe:0', ...codec, '-threads', '1'],
        // Keeps the encoder's version and the date out of the file.
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
