import { DatasetError } from '../../datasetError.js';

/** A gesture: one line of a label file. */
export interface GestureLine {
  /** Number of the line, from 1. */
  line: number;
  /** Index into the classes, 0 to 31. */
  label: number;
  /** First frame. */
  start: number;
  /** Last frame. */
  end: number;
  /** Why the line is not valid; the numbers are then 0. */
  fault?: string;
}

/** Id of the 32nd class, which is not a micro-gesture. */
const NO_GESTURE = 99;

/**
 * Parses an `NNNN_label.csv` of iMiGUE: a line `id,start,end` for each gesture, without a header line (one that begins with `id` is
 * skipped). The id is 1 to 31, or 99 for what is not a micro-gesture, label 31. The frames are numbers of the first column in the key
 * points' file, and the last one belongs to the gesture.
 * @throws {DatasetError} when no line is valid
 */
export function parseLabelFile(text: string, file: string): GestureLine[] {
  const gestures: GestureLine[] = [];
  for (const [i, content] of text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    if (content.trim() === '' || (i === 0 && /^"?id\b/i.test(content))) continue;
    gestures.push({ line: i + 1, ...gestureOf(content) });
  }
  if (gestures.length > 0 && gestures.every(({ fault }) => fault !== undefined)) {
    throw new DatasetError(`got no valid line; expected gestures. The first: ${gestures[0]!.fault}`, {
      file,
      line: gestures[0]!.line,
    });
  }
  return gestures;
}

function gestureOf(content: string): Omit<GestureLine, 'line'> {
  const cells = content.split(',').map((cell) => cell.trim());
  // Pandas writes whole numbers with decimals when a column has gaps.
  const numbers = cells.map((cell) => (/^\d{1,9}(\.0+)?$/.test(cell) ? Number(cell) : Number.NaN));
  const [id = 0, start = 0, end = 0] = numbers;
  const fault = ((): string | undefined => {
    if (cells.length !== 3 || numbers.some(Number.isNaN)) {
      return `got '${content.slice(0, 60)}'; expected three whole numbers id,start,end.`;
    }
    if (id !== NO_GESTURE && !(id >= 1 && id <= 32)) {
      return `id: got ${id}; expected 1 to 32 or ${NO_GESTURE}.`;
    }
    return end < start ? `got frames ${start} to ${end}; expected an end after the start.` : undefined;
  })();
  if (fault !== undefined) return { label: 0, start: 0, end: 0, fault };
  return { label: id === NO_GESTURE ? 31 : id - 1, start, end };
}
