import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { DatasetError } from '../datasetError.js';

/** What {@link runFfmpeg} runs. */
interface FfmpegRun {
  /** Arguments after those that every run has. */
  args: readonly string[];
  /** The file that errors name. */
  file: string;
  /** The program. Default: see {@link findFfmpeg}. */
  program?: string;
  /** Its standard input. */
  input?: Uint8Array;
  /** Receives its standard output, piece by piece. */
  onOutput?: (piece: Uint8Array) => void;
  /** Time limit in seconds. Default 600. */
  timeLimit?: number;
  /** Cancels the run, which then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** The beginning of ffmpeg's log. */
export interface FfmpegLog {
  /** The first lines, without their level: they describe the input. */
  beginning: string[];
  /** The first lines of level error. */
  errors: string[];
}

const INSTALL =
  "Install ffmpeg (on Debian and Ubuntu 'apt-get install ffmpeg', on macOS 'brew install ffmpeg', on Windows 'winget install ffmpeg', or 'npm install ffmpeg-static' next to this package), or set FFMPEG_PATH to its path.";
/** Limits of the log: lines of each kind, and characters of a line. A damaged file can make ffmpeg log without end. */
const MAX_LOG = { beginning: 2000, errors: 20, characters: 1000 };

/**
 * The path of ffmpeg: `program` when it is given, else the environment variable FFMPEG_PATH, else `ffmpeg` on the PATH, else the
 * package `ffmpeg-static` when it is installed with its program.
 * @throws {DatasetError} when there is no ffmpeg; the message says how to install it
 */
export async function findFfmpeg(program?: string): Promise<string> {
  for (const [name, path] of [
    ['ffmpeg', program],
    ['FFMPEG_PATH', process.env.FFMPEG_PATH || undefined],
  ]) {
    if (path === undefined) continue;
    const found = /[\\/]/.test(path) ? ((await isProgram(path)) ? path : undefined) : await onPath(path);
    if (found === undefined) {
      throw new DatasetError(`${name}: got '${path}'; expected the path of a program. ${INSTALL}`);
    }
    return found;
  }
  const found = (await onPath('ffmpeg')) ?? (await fromPackage());
  if (found === undefined) {
    throw new DatasetError(`ffmpeg: got no such program; expected one, to read videos. ${INSTALL}`);
  }
  return found;
}

/**
 * Runs ffmpeg, never through a shell, until it ends.
 * @returns the beginning of its log
 * @throws {DatasetError} with `file` and ffmpeg's last error message when it fails or takes longer than the time limit
 */
export async function runFfmpeg(run: FfmpegRun): Promise<FfmpegLog> {
  const { file, signal, timeLimit = 600 } = run;
  const program = await findFfmpeg(run.program);
  signal?.throwIfAborted();
  const child = spawn(
    program,
    ['-nostdin', '-hide_banner', '-nostats', '-loglevel', 'level+info', ...run.args],
    { stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true },
  );
  const { log, read, lastError } = logReader();
  return new Promise((resolve, reject) => {
    let failure: { error: unknown } | undefined;
    const stop = (error: unknown) => {
      failure ??= { error };
      child.kill('SIGKILL');
    };
    const onAbort = () => stop(signal?.reason);
    const tooSlow = () =>
      new DatasetError(`ffmpeg: got no result in ${timeLimit} s; expected one within the time limit.`, {
        file,
      });
    const timer = setTimeout(() => stop(tooSlow()), timeLimit * 1000);
    signal?.addEventListener('abort', onAbort, { once: true });
    child.on('error', (cause) => {
      const message = `ffmpeg: got an error when it was started: ${cause.message}; expected a program. ${INSTALL}`;
      failure ??= { error: new DatasetError(message, { file: program, cause }) };
    });
    // ffmpeg may stop reading before the end; its exit status says why.
    child.stdin.on('error', () => {});
    child.stdin.end(run.input);
    child.stdout.on('data', (piece: Uint8Array) => {
      if (failure) return;
      try {
        run.onOutput?.(piece);
      } catch (error) {
        stop(error);
      }
    });
    child.stderr.on('data', read);
    child.on('close', (code, killedBy) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      read(new TextEncoder().encode('\n'));
      if (failure) reject(failure.error);
      else if (code === 0) resolve(log);
      else reject(failureOf(log, lastError(), killedBy, file));
    });
  });
}

/** Reads ffmpeg's log, keeps its beginning, and remembers the last error. */
function logReader() {
  const log: FfmpegLog = { beginning: [], errors: [] };
  let last: string | undefined;
  const read = linesOf((line) => {
    const text = line.replace(/\[(?:info|warning|error|fatal|panic|verbose)\] /, '');
    const plain = text.replace(/^(?:\[[^\]]* @ 0x[0-9a-f]+\] )+/, '').trim();
    if (log.beginning.length < MAX_LOG.beginning) log.beginning.push(text);
    if (!/\[(?:error|fatal|panic)\] /.test(line)) return;
    if (log.errors.length < MAX_LOG.errors) log.errors.push(plain);
    // Every failure ends with one of these lines, which give no reason.
    if (!/^(?:Conversion failed|Error while (?:processing|filtering): )/.test(plain)) last = plain;
  });
  return { log, read, lastError: () => last };
}

function failureOf(
  log: FfmpegLog,
  lastError: string | undefined,
  killedBy: NodeJS.Signals | null,
  file: string,
): DatasetError {
  if (log.errors.some((line) => line.startsWith('Format not on whitelist'))) {
    return new DatasetError(
      'got a list of other files, a script or the like, which is not followed; expected a video. Convert it to a video with ffmpeg.',
      { file },
    );
  }
  const message = lastError ?? log.errors.at(-1) ?? log.beginning.at(-1) ?? 'no message';
  const plain = message.replace(`${ffmpegPath(file)}: `, '');
  return new DatasetError(`ffmpeg ${killedBy ? `was ended by ${killedBy}` : 'failed'}: ${plain}`, { file });
}

/** A path for ffmpeg that can't be an option, another protocol, or a pattern. */
export const ffmpegPath = (file: string) => `file:${file}`;

/** Options that make ffmpeg output every frame once, whatever its time. Their name changed in ffmpeg 5.1. */
export async function everyFrameOnce(program?: string): Promise<string[]> {
  const path = await findFfmpeg(program);
  let version = versions.get(path);
  if (!version) {
    version = versionOf(path);
    versions.set(path, version);
    // After an error the next call tries again.
    version.catch(() => versions.delete(path));
  }
  const [major, minor] = await version;
  return major < 5 || (major === 5 && minor < 1) ? ['-vsync', '0'] : ['-fps_mode', 'passthrough'];
}

const versions = new Map<string, Promise<[number, number]>>();

/** Builds without a version number are made from ffmpeg's newest sources. */
async function versionOf(program: string): Promise<[number, number]> {
  let text = '';
  await runFfmpeg({
    args: ['-version'],
    file: program,
    program,
    timeLimit: 30,
    onOutput: (piece) => {
      if (text.length < 1000) text += new TextDecoder('latin1').decode(piece);
    },
  });
  const [, major, minor] = /^ffmpeg version n?(\d+)\.(\d+)/.exec(text) ?? [];
  return major === undefined ? [Number.POSITIVE_INFINITY, 0] : [Number(major), Number(minor)];
}

/** Cuts text into lines, of which the part beyond {@link MAX_LOG}.characters is dropped. */
function linesOf(onLine: (line: string) => void): (piece: Uint8Array) => void {
  const decoder = new TextDecoder();
  let unfinished = '';
  return (piece) => {
    const lines = decoder.decode(piece, { stream: true }).split(/[\r\n]+/);
    lines[0] = unfinished + lines[0]!;
    unfinished = lines.pop()!.slice(0, MAX_LOG.characters);
    for (const line of lines) if (line.trim() !== '') onLine(line.slice(0, MAX_LOG.characters));
  };
}

async function onPath(name: string): Promise<string | undefined> {
  const endings = process.platform === 'win32' ? ['.exe', ''] : [''];
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (folder === '') continue;
    for (const ending of endings) {
      const path = join(folder, name + ending);
      if (await isProgram(path)) return path;
    }
  }
  return undefined;
}

async function fromPackage(): Promise<string | undefined> {
  try {
    const { default: path } = (await import('ffmpeg-static')) as { default: string | null };
    return path !== null && (await isProgram(path)) ? path : undefined;
  } catch {
    return undefined;
  }
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
