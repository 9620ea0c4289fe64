import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { DatasetError } from '../datasetError.js';

/** What {@link runFfmpeg} runs, and on what. */
export interface FfmpegRun {
  /** Arguments after those that every run has. */
  args: readonly string[];
  /** The file that is at fault when it goes wrong. */
  file: string;
  /** The program; absent: see {@link findFfmpeg}. */
  program?: string;
  /** What it reads from its standard input. */
  input?: Uint8Array;
  /** Given what it writes to its standard output, piece by piece. */
  onOutput?: (piece: Uint8Array) => void;
  /** Seconds after which it is ended; default 600. */
  timeLimit?: number;
  /** Ends it early, with the signal's reason as the error. */
  signal?: AbortSignal;
}

/** What ffmpeg had to say. */
export interface FfmpegLog {
  /** The first lines, without their level: what the input is. */
  beginning: string[];
  /** The first lines of level error. */
  errors: string[];
}

const install =
  "install ffmpeg (on Debian and Ubuntu 'apt-get install ffmpeg', on macOS 'brew install ffmpeg', on Windows 'winget install ffmpeg', or 'npm install ffmpeg-static' beside this package), or say where it is by FFMPEG_PATH";
/** Lines that are kept of each kind, and characters of a line: a damaged file can make ffmpeg complain without end. */
const kept = { beginning: 2000, errors: 20, characters: 1000 };

/**
 * Where ffmpeg is: `program` when given, then what the environment variable FFMPEG_PATH says, then `ffmpeg` on the PATH, then the
 * package `ffmpeg-static` when it is installed with its program.
 * @throws {DatasetError} when it isn't there; the message says how to install it
 */
export async function findFfmpeg(program?: string): Promise<string> {
  for (const [name, path] of [
    ['ffmpeg', program],
    ['FFMPEG_PATH', process.env.FFMPEG_PATH || undefined],
  ]) {
    if (path === undefined) continue;
    const found = /[\\/]/.test(path) ? ((await isProgram(path)) ? path : undefined) : await onPath(path);
    if (found === undefined)
      throw new DatasetError(`${name}: there is no such program; ${install}`, { file: path });
    return found;
  }
  const found = (await onPath('ffmpeg')) ?? (await fromPackage());
  if (found === undefined) throw new DatasetError(`there is no ffmpeg to read videos with; ${install}`);
  return found;
}

/**
 * Runs ffmpeg, never through a shell, until it ends.
 * @returns the first lines of what it said
 * @throws {DatasetError} with `file` and ffmpeg's own last error when it fails, or takes longer than the time limit
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
  const log: FfmpegLog = { beginning: [], errors: [] };
  let last: string | undefined;
  const hear = linesOf((line) => {
    const text = line.replace(/\[(?:info|warning|error|fatal|panic|verbose)\] /, '');
    const plain = text.replace(/^(?:\[[^\]]* @ 0x[0-9a-f]+\] )+/, '').trim();
    if (log.beginning.length < kept.beginning) log.beginning.push(text);
    if (!/\[(?:error|fatal|panic)\] /.test(line)) return;
    if (log.errors.length < kept.errors) log.errors.push(plain);
    // What ends every failure says nothing.
    if (!/^(?:Conversion failed|Error while (?:processing|filtering): )/.test(plain)) last = plain;
  });

  return new Promise((resolve, reject) => {
    let wrong: unknown;
    let caller = false;
    const end = (reason: unknown, own: boolean) => {
      wrong ??= reason;
      caller ||= own;
      child.kill('SIGKILL');
    };
    const onAbort = () => end(signal?.reason, true);
    const timer = setTimeout(
      () => end(new DatasetError(`ffmpeg took longer than the limit of ${timeLimit} s`, { file }), false),
      timeLimit * 1000,
    );
    signal?.addEventListener('abort', onAbort, { once: true });
    child.on('error', (cause) => {
      wrong ??= new DatasetError(`ffmpeg can't be run (${cause.message}); ${install}`, {
        file: program,
        cause,
      });
    });
    // It may stop reading before the end; its exit status says why.
    child.stdin.on('error', () => {});
    child.stdin.end(run.input);
    child.stdout.on('data', (piece: Uint8Array) => {
      if (wrong !== undefined) return;
      try {
        run.onOutput?.(piece);
      } catch (error) {
        end(error, false);
      }
    });
    child.stderr.on('data', hear);
    child.on('close', (code, killed) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      hear(new TextEncoder().encode('\n'));
      if (wrong !== undefined || caller) reject(wrong);
      else if (code === 0) resolve(log);
      else if (log.errors.some((line) => line.startsWith('Format not on whitelist'))) {
        reject(
          new DatasetError(
            'this is no video but a list of other files, a script or the like, which is not followed; make one video of it with ffmpeg',
            { file },
          ),
        );
      } else {
        const said = last ?? log.errors.at(-1) ?? log.beginning.at(-1) ?? 'it said nothing';
        const plain = said.replace(`${ffmpegPath(file)}: `, '');
        reject(
          new DatasetError(`ffmpeg ${killed ? `was ended by ${killed}` : 'failed'}: ${plain}`, { file }),
        );
      }
    });
  });
}

/**
 * A path as ffmpeg takes it: never an option, another protocol, or a pattern of its own.
 */
export const ffmpegPath = (file: string) => `file:${file}`;

/** Options that make ffmpeg give every frame once, whatever its time: their name changed in ffmpeg 5.1. */
export async function everyFrameOnce(program?: string): Promise<string[]> {
  const path = await findFfmpeg(program);
  let version = versions.get(path);
  if (!version) {
    version = versionOf(path);
    versions.set(path, version);
    // Another try may go better.
    version.catch(() => versions.delete(path));
  }
  const [major, minor] = await version;
  return major < 5 || (major === 5 && minor < 1) ? ['-vsync', '0'] : ['-fps_mode', 'passthrough'];
}

const versions = new Map<string, Promise<[number, number]>>();

/** Versions without a number are built from ffmpeg's newest sources. */
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

/** Cuts what it is given into lines, of which it keeps no more than is looked at. */
function linesOf(onLine: (line: string) => void): (piece: Uint8Array) => void {
  const decoder = new TextDecoder();
  let begun = '';
  return (piece) => {
    const lines = decoder.decode(piece, { stream: true }).split(/[\r\n]+/);
    lines[0] = begun + lines[0]!;
    begun = lines.pop()!.slice(0, kept.characters);
    for (const line of lines) if (line.trim() !== '') onLine(line.slice(0, kept.characters));
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
