import cliProgress from 'cli-progress';
import type { PrepareProgress } from '../prepare/prepare.js';

/** Shows progress: a line that changes on a terminal, or a line every 10 s elsewhere. */
interface ProgressLine {
  /** Shows the fraction that is done, in [0, 1], and a text. */
  show(fraction: number, text: string): void;
  /** Prints a line above the progress. */
  log(line: string): void;
  /** Stops showing progress. */
  close(): void;
}

/** Seconds between lines without a terminal. */
const INTERVAL = 10;

/** Shows progress on standard error. */
export const progressLine = (stream: NodeJS.WriteStream = process.stderr): ProgressLine =>
  stream.isTTY ? bar(stream) : lines(stream);

/** `1200 of 5000 samples, 3 damaged, 1.2 GB, 45 s, about 2 min 20 s left, S001C001P001R001A001.skeleton`. */
export function progressText(progress: PrepareProgress): string {
  const { done, total, damaged, bytes, elapsed, remaining, file } = progress;
  return [
    `${done} of ${total} samples`,
    ...(damaged > 0 ? [`${damaged} damaged`] : []),
    byteText(bytes),
    duration(elapsed),
    ...(done < total && remaining !== undefined ? [`about ${duration(remaining)} left`] : []),
    file.replace(/^.*[\\/]/, ''),
  ].join(', ');
}

/** `3 min 20 s`, `45 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  const minutes = Math.round(s / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** `15 kB`, `1.2 GB`. */
export function byteText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const step = bytes < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** step;
  return `${step === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[step]}`;
}

function bar(stream: NodeJS.WriteStream): ProgressLine {
  const single = new cliProgress.SingleBar(
    { format: '{bar} {percentage}% {text}', hideCursor: true, clearOnComplete: true, barsize: 20, stream },
    cliProgress.Presets.shades_classic,
  );
  let isShown = false;
  return {
    show(fraction, text) {
      if (!isShown) single.start(1000, 0, { text });
      isShown = true;
      single.update(Math.round(fraction * 1000), { text });
    },
    log(line) {
      // The bar draws itself again on the next line.
      if (isShown) stream.write('\r\x1b[K');
      stream.write(`${line}\n`);
    },
    close() {
      if (isShown) single.stop();
      isShown = false;
    },
  };
}

function lines(stream: NodeJS.WriteStream): ProgressLine {
  let last = performance.now();
  return {
    show(fraction, text) {
      if (performance.now() - last < INTERVAL * 1000) return;
      last = performance.now();
      stream.write(`${Math.floor(fraction * 100)} %: ${text}\n`);
    },
    log: (line) => void stream.write(`${line}\n`),
    close: () => {},
  };
}
