import { stat } from 'node:fs/promises';
import { DatasetError } from '../datasetError.js';
import { optionKeys, rejectUnknownOptions } from '../options.js';
import { everyFrameOnce, type FfmpegLog, ffmpegPath, runFfmpeg } from './ffmpeg.js';
import { videoContainers } from './videoContainers.js';

/** Properties of a video file. */
export interface VideoInfo {
  /** Columns of its pictures as they are displayed: a video of a telephone that was held upright has more rows than columns. */
  width: number;
  /** Rows of its pictures. */
  height: number;
  /** Pictures per second, on average; NaN when the file doesn't say. */
  framesPerSecond: number;
  /** Duration in seconds; NaN when the file doesn't say. */
  duration: number;
  /** Number of frames, when they were counted. */
  frames?: number;
}

/** Options of {@link probeVideo}. */
export interface ProbeVideoOptions {
  /** Whether to count the frames, which decodes all of them. Default false. */
  count?: boolean;
  /** The ffmpeg program. Default: that of FFMPEG_PATH, of the PATH, or of `ffmpeg-static`. */
  ffmpeg?: string;
  /** Time limit of ffmpeg in seconds. Default 600. */
  timeLimit?: number;
  /** Cancels the call, which then rejects with the signal's reason. */
  signal?: AbortSignal;
}

const probeKeys = optionKeys<ProbeVideoOptions>({
  count: true,
  ffmpeg: true,
  timeLimit: true,
  signal: true,
});
/** Pixels of the largest pictures that are read, those of 8K video. A file that claims more is refused before memory is allocated. */
const MAX_PIXELS = 7680 * 4320;

/**
 * Properties of a video's first picture stream, from ffmpeg.
 * @returns its size, frames per second and duration; the number of frames with `count`
 * @throws {DatasetError} with `file` and ffmpeg's message when the file is not a video; and when ffmpeg is missing
 */
export async function probeVideo(file: string, options: ProbeVideoOptions = {}): Promise<VideoInfo> {
  const { count = false, ffmpeg, timeLimit, signal } = options;
  rejectUnknownOptions('probeVideo', options, probeKeys);
  await checkFile(file);
  // Frames are counted as pictures of 2 x 2 grey bytes.
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

/** ffmpeg's arguments that read the first picture stream of a file, or a span of it in seconds. */
export function videoInput(file: string, span?: { from: number; to: number }): string[] {
  const cut = span ? ['-ss', span.from.toFixed(6), '-t', (span.to - span.from).toFixed(6)] : [];
  return [
    ...['-max_alloc', String(2 ** 29), '-filter_threads', '1'],
    // One thread each, since callers read several files at the same time. No protocol but files is allowed, so that no file can
    // make ffmpeg open an address.
    ...['-threads', '1', '-max_pixels', String(MAX_PIXELS), '-protocol_whitelist', 'file'],
    ...['-format_whitelist', videoContainers.join(',')],
    ...cut,
    ...['-i', ffmpegPath(file), '-map', '0:V:0'],
  ];
}

/** @throws {DatasetError} when the file is missing, empty, or not a regular file */
export async function checkFile(file: string): Promise<void> {
  let reason: string | undefined;
  try {
    const found = await stat(file);
    if (!found.isFile()) reason = 'got something other than a regular file; expected a video.';
    else if (found.size === 0) reason = 'got an empty file; expected a video. Download it again.';
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new DatasetError(
      code === 'ENOENT'
        ? 'got no such file; expected a video.'
        : `got an error: ${message}; expected a video.`,
      { file, cause },
    );
  }
  if (reason !== undefined) throw new DatasetError(reason, { file });
}

/**
 * Parses what ffmpeg logs about its input.
 * @throws {DatasetError} when the log has no picture stream
 */
export function videoInfo(log: FfmpegLog, file: string): VideoInfo {
  // The input's streams are listed before the output's.
  const output = log.beginning.findIndex((line) => /^Output #0/.test(line));
  const input = output === -1 ? log.beginning : log.beginning.slice(0, output);
  const start = input.findIndex(
    (line) => /^ *Stream #0:\d+.*?: Video: /.test(line) && !/\(attached pic\)/.test(line),
  );
  const stream = input[start];
  const size = stream && /, (\d+)x(\d+)(?:[ ,]|$)/.exec(stream);
  if (!size)
    throw new DatasetError('got a file in which ffmpeg finds no pictures of known size; expected a video.', {
      file,
    });
  const duration = input
    .map((line) => /^ *Duration: (\d+):(\d\d):(\d\d\.\d+)/.exec(line))
    .find((found) => found);
  const rate = Number(/, ([\d.]+) fps/.exec(stream)?.[1] ?? /, ([\d.]+) tbr/.exec(stream)?.[1]);
  // Lines with a stream's properties follow it, up to the next stream.
  const next = input.findIndex((line, i) => i > start && /^ *Stream #/.test(line));
  const facts = input.slice(start, next === -1 ? undefined : next).join('\n');
  const isRotated = /rotation of -?(?:90|270)\.00 degrees/.test(facts);
  const [width, height] = [Number(size[isRotated ? 2 : 1]), Number(size[isRotated ? 1 : 2])];
  return {
    width,
    height,
    framesPerSecond: exactRate(rate),
    duration: duration
      ? Number(duration[1]) * 3600 + Number(duration[2]) * 60 + Number(duration[3])
      : Number.NaN,
  };
}

/** The exact rate behind one that ffmpeg rounded to two digits. Television's rates are n * 1000 / 1001. */
function exactRate(rate: number): number {
  const television = (Math.round((rate * 1001) / 1000) * 1000) / 1001;
  return Number.isInteger(rate) || Math.abs(television - rate) > 0.005 ? rate : television;
}
