import { basename } from 'node:path';
import { random } from '@amr/internal';
import { DatasetError } from '../datasetError.js';
import { everyFrameOnce, runFfmpeg } from './ffmpeg.js';
import { sampleFrames } from './frameSampling.js';
import type { PersonBox } from './personBox.js';
import { checkFile, videoInfo, videoInput } from './probeVideo.js';
import { type CheckedVideoOptions, checkVideoOptions, type VideoOptions } from './videoOptions.js';

/** What part of a file {@link readVideo} reads. */
export interface ReadVideoPart {
  /**
   * Only the frames shown from `from` until before `to`, in seconds from the beginning; both within 1 ms, so that times that were
   * rounded still mean their frames.
   */
  span?: {
    /** Where it begins, in seconds. */
    from: number;
    /** Where it ends, in seconds. */
    to: number;
  };
  /** The square that `crop: 'person'` keeps; it is made smaller and moved until it is within the picture. */
  box?: PersonBox;
  /** Ends it early, with the signal's reason as the error. */
  signal?: AbortSignal;
}

/** A video as {@link readVideo} read it. */
export interface ReadVideo {
  /** Red, green and blue bytes `[frames, size, size, 3]`. */
  pixels: Uint8Array;
  /** Frames that the file, or the span, has. */
  frames: number;
  /** Columns of the file's pictures. */
  width: number;
  /** Rows of the file's pictures. */
  height: number;
  /** Pictures in a second, on average; NaN when the file doesn't say. */
  framesPerSecond: number;
}

/** Bytes of small pictures that are kept until it is known which of them are wanted: 1,365 of 128 x 128. */
const keptBytes = 2 ** 26;

/**
 * Reads a video of any kind that ffmpeg reads: every frame is decoded, cut to the square and made smaller by ffmpeg, and those that
 * stand for the clip are kept. No more than 64 MiB of small pictures are held beside the result; a clip that has more is decoded
 * once to count its frames, and once more to take those that are wanted.
 * @param file the video
 * @param options shape, sampling and crop; see {@link VideoOptions}
 * @param part a span in time, the person's box, a signal
 * @returns the pixels, and what the file says of itself
 * @throws {DatasetError} with `file`, and ffmpeg's own last line where it has failed: no such file, no video, damaged, pictures of
 *   more than 7680 * 4320 pixels, no frame in the span, the time limit, no ffmpeg
 * @example
 * ```js
 * import { readVideo } from '@amr/datasets/node';
 *
 * const { pixels, frames } = await readVideo('clip.mp4', { frames: 16, size: 112, crop: 'center' });
 * ```
 */
export async function readVideo(
  file: string,
  options: VideoOptions = {},
  part: ReadVideoPart = {},
): Promise<ReadVideo> {
  const checked = checkVideoOptions(options);
  const { frames, size, seed, sampling, stride, damaged, ffmpeg, timeLimit } = checked;
  const { span, box, signal } = part;
  if (span && !(Number.isFinite(span.from) && Number.isFinite(span.to) && span.from < span.to)) {
    throw new DatasetError(
      `span: ${span.from} to ${span.to} s was given, an earlier and a later time were expected`,
      { file },
    );
  }
  await checkFile(file);
  const cut = span && { from: Math.max(0, span.from - 0.001), to: span.to - 0.001 };
  const args = [
    ...(damaged === 'refuse' ? ['-xerror'] : []),
    ...videoInput(file, cut),
    ...['-vf', `${cropFilter(checked, box)},format=rgb24`, ...(await everyFrameOnce(ffmpeg))],
    ...['-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'],
  ];
  const length = size * size * 3;
  const decode = async (store: (frame: number) => Uint8Array | undefined) => {
    const each = eachFrame(length, store);
    const log = await runFfmpeg({ args, file, program: ffmpeg, timeLimit, signal, onOutput: each.take });
    // In the middle of a stream, decoders complain of pictures before the span that they haven't seen.
    if (damaged === 'refuse' && log.errors.length > 0 && !(span && span.from > 0)) {
      throw new DatasetError(
        `it is damaged, ffmpeg says: ${log.errors.at(-1)}; get the file anew, or keep what can be read by damaged: 'keep'`,
        { file },
      );
    }
    return { log, total: each.total() };
  };

  const most = Math.max(1, Math.floor(keptBytes / length));
  let kept: Uint8Array[] = [];
  const { log, total } = await decode((frame) => {
    if (frame >= most) {
      kept = [];
      return undefined;
    }
    const pixels = new Uint8Array(length);
    kept.push(pixels);
    return pixels;
  });
  if (total === 0) {
    throw new DatasetError(span ? `no frame is between ${span.from} s and ${span.to} s` : 'it has no frame', {
      file,
    });
  }
  const chance = seed === undefined ? undefined : random('frames', seed, basename(file), span?.from ?? 0);
  const wanted = sampleFrames(total, frames, { sampling, stride, random: chance });
  const pixels = new Uint8Array(frames * length);
  if (total <= most) {
    for (const [i, frame] of wanted.entries()) pixels.set(kept[frame]!, i * length);
  } else {
    const first = new Map<number, number>();
    wanted.forEach((frame, i) => {
      if (!first.has(frame)) first.set(frame, i);
    });
    await decode((frame) => {
      const at = first.get(frame);
      return at === undefined ? undefined : pixels.subarray(at * length, (at + 1) * length);
    });
    wanted.forEach((frame, i) => {
      const at = first.get(frame)!;
      if (at !== i) pixels.copyWithin(i * length, at * length, (at + 1) * length);
    });
  }
  const { width, height, framesPerSecond } = videoInfo(log, file);
  return { pixels, frames: total, width, height, framesPerSecond };
}

/** Cuts a stream of bytes into frames, each of which goes where `store` says, or nowhere. */
function eachFrame(length: number, store: (frame: number) => Uint8Array | undefined) {
  let frame = -1;
  let done = length;
  let target: Uint8Array | undefined;
  return {
    take(piece: Uint8Array) {
      for (let at = 0; at < piece.length; ) {
        if (done === length) {
          target = store(++frame);
          done = 0;
        }
        const end = Math.min(piece.length, at + length - done);
        target?.set(piece.subarray(at, end), done);
        done += end - at;
        at = end;
      }
    },
    /** Whole frames. */
    total: () => (done === length ? frame + 1 : frame),
  };
}

/** ffmpeg's filters from a whole picture to a square of the wanted size. */
function cropFilter({ crop, size }: CheckedVideoOptions, box: PersonBox | undefined): string {
  // Area means averages where it gets smaller and bilinear where it gets larger; exact, and alike on all processors.
  const flags = 'flags=area+accurate_rnd+full_chroma_int+bitexact';
  const scale = `scale=${size}:${size}:${flags}`;
  if (crop === 'stretch') return scale;
  if (crop === 'letterbox') {
    return `${scale}:force_original_aspect_ratio=decrease,format=rgb24,pad=${size}:${size}:-1:-1:black`;
  }
  if (crop === 'person' && box) {
    const { x, y, side } = box;
    if (
      ![x, y, side].every((value) => Number.isSafeInteger(value) && Math.abs(value) < 2 ** 20) ||
      side < 1
    ) {
      throw new DatasetError(`box: x ${x}, y ${y}, side ${side} was given, whole pixels were expected`);
    }
    // Around the same middle when it is too large; ffmpeg itself moves it into the picture.
    const held = `'min(${side},min(iw,ih))'`;
    return `crop=${held}:${held}:'${x}+(${side}-ow)/2':'${y}+(${side}-oh)/2':exact=1,${scale}`;
  }
  return `crop='min(iw,ih)':'min(iw,ih)':exact=1,${scale}`;
}
