import { DatasetError } from '../../datasetError.js';

/** Number of key points of a frame. */
export const imigueJoints = 35;
/** Numbers in a line: the frame's, then column, row and score of each key point. */
const CELLS = 1 + imigueJoints * 3;
const lineFeed = 0x0a;
/** Limit of a line's characters: 32 for each number. */
const MAX_LINE = CELLS * 32;

/**
 * An `NNNN_light_hand.csv` of iMiGUE: a line for each frame of the video, with the frame's number and then column, row and score of
 * 35 key points in pixels of the video, 0, 0, 0 for one that wasn't found. A header line is skipped, which has a first cell that is
 * not a number, or the numbers of the columns from 0, as pandas writes them. The constructor only finds the lines; `read` parses those
 * of some frames.
 */
export class KeypointFile {
  /** Number of the first frame. */
  readonly first: number;
  /** Number of frames. */
  readonly frames: number;
  readonly #bytes: Uint8Array;
  readonly #file: string;
  /** Offset of each line, and the end of the last one. */
  readonly #starts: Uint32Array | Float64Array;
  /** Number of lines before the first frame's. */
  readonly #header: number;

  /** @throws {DatasetError} with `file` and `line` when the first line is neither a frame nor a header */
  constructor(bytes: Uint8Array, file: string) {
    this.#bytes = bytes;
    this.#file = file;
    this.#starts = startsOfLines(bytes);
    const lines = this.#starts.length - 1;
    if (lines === 0) throw new DatasetError('got an empty file; expected a line for each frame.', { file });
    const firstLine = this.#cellsOf(0);
    const isHeader =
      !/^\d+(\.0*)?$/.test(firstLine[0]!.trim()) || firstLine.every((cell, i) => cell.trim() === String(i));
    this.#header = isHeader ? 1 : 0;
    this.frames = lines - this.#header;
    if (this.frames === 0) {
      throw new DatasetError('got only a header line; expected a line for each frame.', { file });
    }
    const cell = this.#cellsOf(this.#header)[0]!.trim();
    if (!/^\d{1,9}(\.0*)?$/.test(cell)) {
      throw new DatasetError(`got '${cell.slice(0, 40)}'; expected a frame's number.`, {
        file,
        line: this.#header + 1,
      });
    }
    this.first = Number(cell);
  }

  /**
   * The key points of some frames: `[end - start + 1, 35, 3]`.
   * @throws {DatasetError} with `file` and `line` where a line isn't 106 finite numbers, or isn't of the frame that it should be
   */
  read(start: number, end: number): Float32Array {
    // Short lines are found before memory is allocated. A number takes at least a digit and a comma.
    for (let row = this.#rowOf(start); row <= this.#rowOf(end); row++) {
      if (this.#starts[row + 1]! - this.#starts[row]! < 2 * CELLS - 1) throw this.#wrongCount(row);
    }
    const values = new Float32Array((end - start + 1) * imigueJoints * 3);
    let next = 0;
    for (let frame = start; frame <= end; frame++) {
      const row = this.#rowOf(frame);
      const found = this.#cellsOf(row);
      const invalid = (reason: string) => new DatasetError(reason, { file: this.#file, line: row + 1 });
      if (found.length !== CELLS) throw this.#wrongCount(row);
      if (numberOf(found[0]!) !== frame) {
        throw invalid(
          `got frame ${found[0]!.slice(0, 40)}; expected ${frame}. Lines are missing or out of order.`,
        );
      }
      for (let i = 1; i < CELLS; i++) {
        const value = numberOf(found[i]!);
        if (!(Math.abs(value) < 1e9)) {
          throw invalid(`got '${found[i]!.slice(0, 40)}' in column ${i + 1}; expected a number.`);
        }
        values[next++] = value;
      }
    }
    return values;
  }

  #rowOf(frame: number): number {
    return this.#header + frame - this.first;
  }

  #wrongCount(row: number): DatasetError {
    return new DatasetError(
      `got ${this.#cellsOf(row).length} values; expected ${CELLS}: a frame, then x, y and score of 35 points.`,
      { file: this.#file, line: row + 1 },
    );
  }

  #cellsOf(row: number): string[] {
    const [start, end] = [this.#starts[row]!, this.#starts[row + 1]!];
    if (end - start > MAX_LINE) {
      throw new DatasetError(`got a line of ${end - start} characters; expected ${CELLS} numbers.`, {
        file: this.#file,
        line: row + 1,
      });
    }
    return new TextDecoder('latin1').decode(this.#bytes.subarray(start, end)).trimEnd().split(',');
  }
}

/** The value of a decimal number; NaN for any other text. */
function numberOf(cell: string): number {
  const text = cell.trim();
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}

/** Offsets of the lines, without empty lines at the end. */
function startsOfLines(bytes: Uint8Array): Uint32Array | Float64Array {
  let length = bytes.length;
  while (length > 0 && (bytes[length - 1] === lineFeed || bytes[length - 1] === 0x0d)) length--;
  const text = bytes.subarray(0, length);
  let lines = length === 0 ? 0 : 1;
  for (let at = text.indexOf(lineFeed); at >= 0; at = text.indexOf(lineFeed, at + 1)) lines++;
  const starts = length < 2 ** 32 ? new Uint32Array(lines + 1) : new Float64Array(lines + 1);
  let line = 1;
  for (let at = text.indexOf(lineFeed); at >= 0; at = text.indexOf(lineFeed, at + 1)) starts[line++] = at + 1;
  starts[lines] = length;
  return starts;
}
