import { basename } from 'node:path';
import { random } from '@amr/internal';
import { DatasetError } from '../datasetError.js';
import { optionKeys, rejectUnknownOptions } from '../options.js';
import { everyFrameOnce, type FfmpegLog, runFfmpeg } from './ffmpeg.js';
import { sampleFrames } from './frameSampling.js';
import type { PersonBox } from './personBox.js';
import { checkFile, videoInfo, videoInput } from './probeVideo.js';
import { type CheckedVideoOptions, checkVideoOptions, type VideoOptions } from './videoOptions.js';

/** Which part of a file {@link readVideo} reads. */
export interface ReadVideoPart {
  /**
   * Only the frames that are shown from `from` until before `to`, in seconds from the beginning. Both have a tolerance of 1 ms, so
   * that rounded times still mean their frames.
   */
  span?: {
    /** Start in seconds. */
    from: number;
    /** End in seconds. */
    to: number;
  };
  /** The square that `crop: 'person'` keeps. It is reduced and moved until it is within the picture. */
  box?: PersonBox;
  /** Cancels the call, which then rejects with the signal's reason. */
  signal?: AbortSignal;
}

const partKeys = optionKeys<ReadVideoPart>({ span: true, box: true, signal: true });

/** Result of {@link readVideo}. */
export interface ReadVideo {
  /** Red, green and blue bytes `[frames, size, size, 3]`. */
  pixels: Uint8Array;
  /** Number of frames of the file, or of the span. */
  frames: number;
  /** Columns of the file's pictures. */
  width: number;
  /** Rows of the file's pictures. */
  height: number;
  /** Pictures per second, on average; NaN when the file doesn't say. */
  framesPerSecond: number;
}

/** Bytes of small pictures that are kept until the number of frames is known: 1,365 of 128 x 128. */
const MAX_KEPT_BYTES = 2 ** 26;

/**
 * Reads a video of any kind that ffmpeg reads. ffmpeg decodes every frame, cuts it to the square and resizes it, and the frames
 * that represent the clip are kept. Besides the result, at most 64 MiB of small pictures are in memory: a longer clip is decoded
 * twice, first to count its frames and then to keep the chosen ones.
 * @param file the video
 * @param options shape, sampling and crop; see {@link VideoOptions}
 * @param part a span in time, the person's box, a signal
 * @returns the pixels, and properties of the file
 * @throws {DatasetError} when an option is not valid or ffmpeg is missing; and with `file`, and ffmpeg's last message where ffmpeg
 *   failed, when the file is missing, not a video or damaged, has pictures of more than 7680 * 4320 pixels or no frame in the span,
 *   or takes longer than the time limit
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
  rejectUnknownOptions('readVideo', part, partKeys);
  const { frames, size, seed, sampling, stride } = checked;
  const { span } = part;
  if (span && !(Number.isFinite(span.from) && Number.isFinite(span.to) && span.from < span.to)) {
    throw new DatasetError(`span: got ${span.from} s to ${span.to} s; expected a time and a later time.`);
  }
  await checkFile(file);
  const decode = await decoderOf(file, checked, part);
  const length = size * size * 3;
  const maxKept = Math.max(1, Math.floor(MAX_KEPT_BYTES / length));
  let kept: Uint8Array[] = [];
  const { log, total } = await decode((frame) => {
    if (frame >= maxKept) {
      kept = [];
      return undefined;
    }
    const pixels = new Uint8Array(length);
    kept.push(pixels);
    return pixels;
  });
  if (total === 0) {
    const where = span ? ` between ${span.from} s and ${span.to} s` : '';
    throw new DatasetError(`got no frame${where}; expected at least 1.`, { file });
  }
  const chance = seed === undefined ? undefined : random('frames', seed, basename(file), span?.from ?? 0);
  const chosen = sampleFrames(total, frames, { sampling, stride, random: chance });
  const pixels = new Uint8Array(frames * length);
  if (total <= maxKept) {
    for (const [i, frame] of chosen.entries()) pixels.set(kept[frame]!, i * length);
  } else {
    await decodeChosen(decode, chosen, pixels, length);
  }
  const { width, height, framesPerSecond } = videoInfo(log, file);
  return { pixels, frames: total, width, height, framesPerSecond };
}

/** Decodes the file, and writes each frame into the array that `store` returns for it, or drops it. */
type Decode = (
  store: (frame: number) => Uint8Array | undefined,
) => Promise<{ log: FfmpegLog; total: number }>;

async function decoderOf(
  file: string,
  checked: CheckedVideoOptions,
  { span, box, signal }: ReadVideoPart,
): Promise<Decode> {
  const { size, damaged, ffmpeg, timeLimit } = checked;
  const cut = span && { from: Math.max(0, span.from - 0.001), to: span.to - 0.001 };
  const args = [
    ...(damaged === 'refuse' ? ['-xerror'] : []),
    ...videoInput(file, cut),
    ...['-vf', `${cropFilter(checked, box)},format=rgb24`, ...(await everyFrameOnce(ffmpeg))],
    ...['-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'],
  ];
  return async (store) => {
    const each = eachFrame(size * size * 3, store);
    const log = await runFfmpeg({ args, file, program: ffmpeg, timeLimit, signal, onOutput: each.take });
    // In the middle of a stream, decoders report pictures before the span as missing.
    if (damaged === 'refuse' && log.errors.length > 0 && !(span && span.from > 0)) {
      throw new DatasetError(
        `got a damaged video, says ffmpeg: ${log.errors.at(-1)}; expected a whole one. Download it again, or keep the frames that can be read with damaged: 'keep'.`,
        { file },
      );
    }
    return { log, total: each.total() };
  };
}

/** Decodes once more and keeps the chosen frames, of which a frame that is chosen repeatedly is copied. */
async function decodeChosen(
  decode: Decode,
  chosen: readonly number[],
  pixels: Uint8Array,
  length: number,
): Promise<void> {
  const first = new Map<number, number>();
  chosen.forEach((frame, i) => {
    if (!first.has(frame)) first.set(frame, i);
  });
  await decode((frame) => {
    const at = first.get(frame);
    return at === undefined ? undefined : pixels.subarray(at * length, (at + 1) * length);
  });
  chosen.forEach((frame, i) => {
    const at = first.get(frame)!;
    if (at !== i) pixels.copyWithin(i * length, at * length, (at + 1) * length);
  });
}

/** Cuts a stream of bytes into frames, and writes each into the array that `store` returns for it, or drops it. */
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
    /** Number of complete frames. */
    total: () => (done === length ? frame + 1 : frame),
  };
}

/** ffmpeg's filters that make a square of the given size out of a picture. */
function cropFilter({ crop, size }: CheckedVideoOptions, box: PersonBox | undefined): string {
  // `area` averages when it reduces and is bilinear when it enlarges; the other flags make it exact, and equal on all processors.
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
      throw new DatasetError(`box: got x ${x}, y ${y}, side ${side}; expected whole pixels.`);
    }
    // A box that is too large is reduced around its middle. ffmpeg itself moves it into the picture.
    const reduced = `'min(${side},min(iw,ih))'`;
    return `crop=${reduced}:${reduced}:'${x}+(${side}-ow)/2':'${y}+(${side}-oh)/2':exact=1,${scale}`;
  }
  return `crop='min(iw,ih)':'min(iw,ih)':exact=1,${scale}`;
}
