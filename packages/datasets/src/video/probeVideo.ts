import { stat } from 'node:fs/promises';
import { DatasetError } from '../datasetError.js';
import { everyFrameOnce, type FfmpegLog, ffmpegPath, runFfmpeg } from './ffmpeg.js';
import { videoContainers } from './videoContainers.js';

/** What a video's file says of it. */
export interface VideoInfo {
  /** Columns of its pictures, as they are to be shown: a telephone's that was held upright has more rows than columns. */
  width: number;
  /** Rows of its pictures. */
  height: number;
  /** Pictures in a second, on average; NaN when the file doesn't say. */
  framesPerSecond: number;
  /** Its length in seconds; NaN when the file doesn't say. */
  duration: number;
  /** Number of its frames, when they were counted. */
  frames?: number;
}

/** What {@link probeVideo} is told. */
export interface ProbeVideoOptions {
  /** Also counts the frames, which takes decoding all of them. Default false. */
  count?: boolean;
  /** The ffmpeg program; absent: that of FFMPEG_PATH, of the PATH, or of `ffmpeg-static`. */
  ffmpeg?: string;
  /** Seconds that ffmpeg may take, default 600. */
  timeLimit?: number;
  /** Ends it early, with the signal's reason as the error. */
  signal?: AbortSignal;
}

/** Pixels of the largest pictures that are read, those of 8K video: a file that claims more is refused before they are made. */
export const mostPixels = 7680 * 4320;

/**
 * What ffmpeg finds out about a video's first stream of pictures.
 * @returns its size, its frames per second and its duration; and the number of its frames, when they are to be counted
 * @throws {DatasetError} with `file` and ffmpeg's reason when it is none, or ffmpeg is missing
 */
export async function probeVideo(file: string, options: ProbeVideoOptions = {}): Promise<VideoInfo> {
  const { count = false, ffmpeg, timeLimit, signal } = options;
  await checkFile(file);
  const bytesOfFrame = 4;
  const output = count
    ? [
        '-vf',
        'scale=2:2:flags=fast_bilinear,format=gray',
        ...(await everyFrameOnce(ffmpeg)),
        '-f',
        'rawvideo',
      ]
    : ['-c', 'copy', '-t', '0', '-f', 'null'];
  let bytes = 0;
  const log = await runFfmpeg({
    args: [...videoInput(file), ...output, 'pipe:1'],
    file,
    program: ffmpeg,
    timeLimit,
    signal,
    onOutput: (piece) => {
      bytes += piece.length;
    },
  });
  return { ...videoInfo(log, file), ...(count && { frames: bytes / bytesOfFrame }) };
}

/** ffmpeg's arguments for the first stream of pictures of a file, which may be cut to a span in seconds. */
export function videoInput(file: string, span?: { from: number; to: number }): string[] {
  const cut = span ? ['-ss', span.from.toFixed(6), '-t', (span.to - span.from).toFixed(6)] : [];
  return [
    ...['-max_alloc', String(2 ** 29), '-filter_threads', '1'],
    // One thread each: whoever reads many files reads several at a time. Nothing but files is opened, whatever a file asks for.
    ...['-threads', '1', '-max_pixels', String(mostPixels), '-protocol_whitelist', 'file'],
    ...['-format_whitelist', videoContainers.join(',')],
    ...cut,
    ...['-i', ffmpegPath(file), '-map', '0:V:0'],
  ];
}

/** @throws {DatasetError} when there is no such file */
export async function checkFile(file: string): Promise<void> {
  let reason: string | undefined;
  try {
    const found = await stat(file);
    if (!found.isFile()) reason = 'this is no file; a video was expected';
    else if (found.size === 0) reason = 'the file is empty; get it anew';
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new DatasetError(code === 'ENOENT' ? 'there is no such file' : message, { file, cause });
  }
  if (reason !== undefined) throw new DatasetError(reason, { file });
}

/** Reads what ffmpeg says of its input. @throws {DatasetError} when it says nothing of pictures */
export function videoInfo(log: FfmpegLog, file: string): VideoInfo {
  // The output's own streams come after the input's.
  const output = log.beginning.findIndex((line) => /^Output #0/.test(line));
  const input = output === -1 ? log.beginning : log.beginning.slice(0, output);
  const start = input.findIndex(
    (line) => /^ *Stream #0:\d+.*?: Video: /.test(line) && !/\(attached pic\)/.test(line),
  );
  const stream = input[start];
  const size = stream && /, (\d+)x(\d+)(?:[ ,]|$)/.exec(stream);
  if (!size) throw new DatasetError('ffmpeg found no pictures of a known size in it', { file });
  const duration = input
    .map((line) => /^ *Duration: (\d+):(\d\d):(\d\d\.\d+)/.exec(line))
    .find((found) => found);
  const rate = Number(/, ([\d.]+) fps/.exec(stream)?.[1] ?? /, ([\d.]+) tbr/.exec(stream)?.[1]);
  // Its own facts follow a stream, until the next.
  const next = input.findIndex((line, i) => i > start && /^ *Stream #/.test(line));
  const facts = input.slice(start, next === -1 ? undefined : next).join('\n');
  const turned = /rotation of -?(?:90|270)\.00 degrees/.test(facts);
  const [width, height] = [Number(size[turned ? 2 : 1]), Number(size[turned ? 1 : 2])];
  return {
    width,
    height,
    framesPerSecond: exactRate(rate),
    duration: duration
      ? Number(duration[1]) * 3600 + Number(duration[2]) * 60 + Number(duration[3])
      : Number.NaN,
  };
}

/** ffmpeg rounds to two digits; television's rates are n * 1000 / 1001. */
function exactRate(rate: number): number {
  const television = (Math.round((rate * 1001) / 1000) * 1000) / 1001;
  return Number.isInteger(rate) || Math.abs(television - rate) > 0.005 ? rate : television;
}
