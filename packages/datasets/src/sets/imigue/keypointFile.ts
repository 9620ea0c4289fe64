import { DatasetError } from '../../datasetError.js';

/** Key points of a frame. */
export const imigueJoints = 35;
/** Numbers of a line: the frame's, then column, row and score of each key point. */
const cells = 1 + imigueJoints * 3;
const lineFeed = 0x0a;
/** No number that is meant has more characters. */
const longestLine = cells * 32;

/**
 * An `NNNN_light_hand.csv` of iMiGUE: a line for each frame of the video, with the frame's number and then column, row and score of
 * 35 key points in pixels of the video, 0, 0, 0 for one that wasn't found. A header line is skipped: one whose first cell is no
 * number, or which counts its columns from 0 on, as pandas writes it. Lines are found at once and read only when they are asked for.
 */
export class KeypointFile {
  /** Number of the first frame. */
  readonly first: number;
  /** Number of frames. */
  readonly frames: number;
  private readonly bytes: Uint8Array;
  private readonly file: string;
  /** Where each line begins, and where the last one ends. */
  private readonly starts: Uint32Array | Float64Array;
  /** Lines before the first frame's. */
  private readonly header: number;

  /** @throws {DatasetError} with `file` and `line` when the first line is no frame and no header */
  constructor(bytes: Uint8Array, file: string) {
    this.bytes = bytes;
    this.file = file;
    this.starts = startsOfLines(bytes);
    const lines = this.starts.length - 1;
    if (lines === 0) throw new DatasetError('the file is empty', { file });
    const firstLine = this.cellsOf(0);
    const isHeader =
      !/^\d+(\.0*)?$/.test(firstLine[0]!.trim()) || firstLine.every((cell, i) => cell.trim() === String(i));
    this.header = isHeader ? 1 : 0;
    this.frames = lines - this.header;
    if (this.frames === 0) throw new DatasetError('the file has no frame, only a header line', { file });
    const cell = this.cellsOf(this.header)[0]!.trim();
    if (!/^\d{1,9}(\.0*)?$/.test(cell)) {
      throw new DatasetError(`'${cell.slice(0, 40)}' was found, a frame's number was expected`, {
        file,
        line: this.header + 1,
      });
    }
    this.first = Number(cell);
  }

  /**
   * The key points of some frames: `[end - start + 1, 35, 3]`.
   * @throws {DatasetError} with `file` and `line` where a line isn't 106 finite numbers, or isn't of the frame that it should be
   */
  read(start: number, end: number): Float32Array {
    // Before there is room for all of them: a number takes a digit and a comma.
    for (let row = this.rowOf(start); row <= this.rowOf(end); row++) {
      if (this.starts[row + 1]! - this.starts[row]! < 2 * cells - 1) throw this.wrongCount(row);
    }
    const values = new Float32Array((end - start + 1) * imigueJoints * 3);
    let next = 0;
    for (let frame = start; frame <= end; frame++) {
      const row = this.rowOf(frame);
      const found = this.cellsOf(row);
      const wrong = (reason: string) => new DatasetError(reason, { file: this.file, line: row + 1 });
      if (found.length !== cells) throw this.wrongCount(row);
      if (numberOf(found[0]!) !== frame) {
        throw wrong(
          `frame ${found[0]!.slice(0, 40)} was found, ${frame} was expected: lines are missing or out of order`,
        );
      }
      for (let i = 1; i < cells; i++) {
        const value = numberOf(found[i]!);
        if (!(Math.abs(value) < 1e9)) {
          throw wrong(`'${found[i]!.slice(0, 40)}' was found in column ${i + 1}, a number was expected`);
        }
        values[next++] = value;
      }
    }
    return values;
  }

  private rowOf(frame: number): number {
    return this.header + frame - this.first;
  }

  private wrongCount(row: number): DatasetError {
    return new DatasetError(
      `${this.cellsOf(row).length} values were found, ${cells} were expected: a frame, then x, y and score of 35 points`,
      { file: this.file, line: row + 1 },
    );
  }

  private cellsOf(row: number): string[] {
    const [start, end] = [this.starts[row]!, this.starts[row + 1]!];
    if (end - start > longestLine) {
      throw new DatasetError(
        `a line of ${end - start} characters was found, ${cells} numbers were expected`,
        {
          file: this.file,
          line: row + 1,
        },
      );
    }
    return new TextDecoder('latin1').decode(this.bytes.subarray(start, end)).trimEnd().split(',');
  }
}

/** NaN for what is no plain decimal number. */
function numberOf(cell: string): number {
  const text = cell.trim();
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
}

/** Empty lines at the end don't count. */
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
