import { DatasetError } from '../../datasetError.js';

/** A gesture, as a line of a label file tells it. */
export interface GestureLine {
  /** Number of the line, from 1. */
  line: number;
  /** Index into the classes, 0 to 31. */
  label: number;
  /** Its first frame. */
  start: number;
  /** Its last frame. */
  end: number;
  /** Why the line makes no sense; the numbers are 0 then. */
  fault?: string;
}

/** Number of the class that is no micro-gesture, the 32nd. */
const noGesture = 99;

/**
 * Reads an `NNNN_label.csv` of iMiGUE: a line `id,start,end` for each gesture, without a header line (one that begins with
 * `id` is skipped). The id is 1 to 31, or 99 for what is no micro-gesture, which is label 31; the frames are numbers of the
 * first column of the key points' file, and the last one belongs to the gesture.
 * @throws {DatasetError} for a file that is no such text at all
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
    throw new DatasetError(`no line is a gesture: ${gestures[0]!.fault}`, { file, line: gestures[0]!.line });
  }
  return gestures;
}

function gestureOf(content: string): Omit<GestureLine, 'line'> {
  const cells = content.split(',').map((cell) => cell.trim());
  // As pandas writes whole numbers of a column that had gaps.
  const numbers = cells.map((cell) => (/^\d{1,9}(\.0+)?$/.test(cell) ? Number(cell) : Number.NaN));
  const [id = 0, start = 0, end = 0] = numbers;
  const fault = ((): string | undefined => {
    if (cells.length !== 3 || numbers.some(Number.isNaN)) {
      return `'${content.slice(0, 60)}' was found, three whole numbers id,start,end were expected`;
    }
    if (id !== noGesture && !(id >= 1 && id <= 32))
      return `id ${id} was found, 1 to 32 or ${noGesture} was expected`;
    return end < start ? `frames ${start} to ${end} were found, the end is before the start` : undefined;
  })();
  if (fault !== undefined) return { label: 0, start: 0, end: 0, fault };
  return { label: id === noGesture ? 31 : id - 1, start, end };
}
