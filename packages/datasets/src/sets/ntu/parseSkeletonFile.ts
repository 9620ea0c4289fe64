import { DatasetError } from '../../datasetError.js';
import { bodyFields, jointCount, jointFields, type SkeletonRecording } from './skeletonFile.js';

const COPY_AGAIN = 'Copy the file again.';

/**
 * Parses a `.skeleton` file of NTU RGB+D (Shahroudy et al., CVPR 2016; the format is that of `Matlab/read_skeleton_file.m` in the
 * authors' repository shahroudy/NTURGB-D): the number of frames; for each frame the number of bodies, which may be 0; for each body a
 * line with its id and {@link bodyFields}, the number of joints, which is 25, and a line of {@link jointFields} for each joint. Lines
 * may end with blanks and CR LF. Numbers are kept as 32-bit floats, the sensor's precision. Positions must be finite. Pixels and
 * orientations may be `inf` or `nan`, which the sensor writes for joints that it can't locate.
 * @param text the file's content
 * @param file its name, for errors
 * @throws {DatasetError} with the line, when the text is not such a file, ends early or continues behind its last frame
 * @example
 * ```ts
 * import { parseSkeletonFile } from '@amr/datasets';
 *
 * const joint = '0.1 -0.2 3.5 250 200 960 540 0 0 0 0 2';
 * const body = ['72057594037931101 0 1 1 1 1 0 0.02 -0.08 2', '25', ...Array(25).fill(joint)];
 * const recording = parseSkeletonFile(['2', '0', '1', ...body].join('\n'));
 * console.log(recording.frames, recording.bodies[0].frames); // 2 Int32Array [ 1 ]
 * ```
 */
export function parseSkeletonFile(text: string, file?: string): SkeletonRecording {
  const lines = new LineReader(text, file);
  const frames = lines.count('the number of frames');
  if (frames > text.length) {
    lines.fail(
      `got ${frames} frames in a file of ${text.length} characters; expected fewer frames. ${COPY_AGAIN}`,
    );
  }
  const tracks = new Map<string, Track>();
  for (let frame = 0; frame < frames; frame++) {
    const bodies = lines.count(`the number of bodies in frame ${frame + 1} of ${frames}`);
    for (let place = 0; place < bodies; place++) {
      const id = lines.id(`body ${place + 1} of ${bodies} in frame ${frame + 1} of ${frames}`);
      const track = tracks.get(id) ?? {
        frames: [],
        places: [],
        fields: new Values(9),
        joints: new Values(300),
      };
      tracks.set(id, track);
      if (track.frames.at(-1) === frame)
        lines.fail(`got body ${id} twice in frame ${frame + 1}; expected it once. ${COPY_AGAIN}`);
      track.frames.push(frame);
      track.places.push(place);
      lines.values(bodyFields, 0, track.fields);
      const joints = lines.count('the number of joints');
      if (joints !== jointCount) lines.fail(`got ${joints} joints; expected ${jointCount}.`);
      for (let joint = 0; joint < jointCount; joint++) lines.values(jointFields, 3, track.joints);
    }
  }
  lines.end(frames);
  return {
    frames,
    bodies: [...tracks].map(([id, track]) => ({
      id,
      frames: Int32Array.from(track.frames),
      places: Int32Array.from(track.places),
      fields: track.fields.toArray(),
      joints: track.joints.toArray(),
    })),
  };
}

/** A body while it is being read. */
interface Track {
  frames: number[];
  places: number[];
  fields: Values;
  joints: Values;
}

/** A growing array of floats. Its memory depends on what was read, never on the counts that a file claims. */
class Values {
  #values: Float32Array;
  #length = 0;

  constructor(capacity: number) {
    this.#values = new Float32Array(capacity);
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const grown = new Float32Array(2 * this.#length);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#length++] = value;
  }

  toArray(): Float32Array {
    return this.#values.slice(0, this.#length);
  }
}

/** Reads a text line by line and number by number, without splitting it: a file holds millions of numbers. */
class LineReader {
  #at: number;
  #line = 1;
  /** Number of the line that was read last, for errors. */
  #readLine = 1;

  constructor(
    readonly text: string,
    readonly file?: string,
  ) {
    this.#at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  }

  fail(reason: string, line = this.#readLine): never {
    throw new DatasetError(reason, { file: this.file, line });
  }

  /** Reads a line with one whole number. */
  count(what: string): number {
    const token = this.#token(what);
    if (!/^\d{1,9}$/.test(token)) this.fail(`got '${shorten(token)}'; expected ${what}.`);
    this.#endLine(what);
    return Number(token);
  }

  /** Reads the first field of a body's line. */
  id(what: string): string {
    const token = this.#token(what);
    if (!/^\d{1,20}$/.test(token))
      this.fail(`got '${shorten(token)}'; expected the id of ${what}, a number.`);
    return token;
  }

  /** Reads the fields up to the end of the line. The first `finite` of them must be finite. */
  values(fields: readonly string[], finite: number, into: Values): void {
    for (let i = 0; i < fields.length; i++) {
      const value = this.#number(fields, i);
      if (i < finite && !Number.isFinite(value)) {
        this.fail(`${fields[i]}: got ${value}; expected a finite number of metres.`);
      }
      into.push(value);
    }
    this.#endLine(`${fields.length} fields that end with ${fields.at(-1)}`);
  }

  /** Checks that only blanks follow. */
  end(frames: number): void {
    const rest = /\S/.exec(this.text.slice(this.#at));
    if (!rest) return;
    const line = this.#line + (this.text.slice(this.#at, this.#at + rest.index).split('\n').length - 1);
    this.fail(
      `got more lines behind the last of ${frames} frames; expected the file's end. ${COPY_AGAIN}`,
      line,
    );
  }

  #skipBlanks(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.#at);
      if (code !== 32 && code !== 9 && code !== 13) return;
      this.#at++;
    }
  }

  #token(what: string): string {
    this.#skipBlanks();
    this.#readLine = this.#line;
    const start = this.#at;
    if (start >= this.text.length) this.fail(`got the file's end; expected ${what}. ${COPY_AGAIN}`);
    let end = start;
    while (end < this.text.length && this.text.charCodeAt(end) > 32) end++;
    this.#at = end;
    return this.text.slice(start, end);
  }

  /** Reads the next number of a line. A quotient of whole numbers is exact for up to 15 digits without an exponent. */
  #number(fields: readonly string[], index: number): number {
    this.#skipBlanks();
    this.#readLine = this.#line;
    const { text } = this;
    const start = this.#at;
    let at = start;
    let code = text.charCodeAt(at);
    const negative = code === 45;
    if (negative) code = text.charCodeAt(++at);
    let [whole, digits, decimals] = [0, 0, 0];
    for (; code >= 48 && code <= 57; code = text.charCodeAt(++at), digits++) whole = whole * 10 + (code - 48);
    if (code === 46) {
      code = text.charCodeAt(++at);
      for (; code >= 48 && code <= 57; code = text.charCodeAt(++at), decimals++)
        whole = whole * 10 + (code - 48);
    }
    const all = digits + decimals;
    // Numbers of 16 digits or more, or with other characters, are read the slow way.
    if (all === 0 || all > 15 || code > 32) return this.#oddNumber(fields, index);
    this.#at = at;
    const value = whole / powersOfTen[decimals]!;
    return negative ? -value : value;
  }

  #oddNumber(fields: readonly string[], index: number): number {
    const lineEnds = this.text.charCodeAt(this.#at) === 10;
    if (lineEnds)
      this.fail(`got the line's end; expected ${fields[index]}, field ${index + 1} of ${fields.length}.`);
    const token = this.#token(fields[index]!);
    const expected = () => this.fail(`got '${shorten(token)}'; expected ${fields[index]}, a number.`);
    // The patterns below would take long for long texts.
    if (token.length > MAX_NUMBER_LENGTH) expected();
    let value = Number.NaN;
    if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(token)) value = Number(token);
    else if (/^[+-]?(inf|infinity|1\.#INF0*)$/i.test(token)) value = token[0] === '-' ? -Infinity : Infinity;
    else if (!/^[+-]?(nan(\(\w*\))?|1\.#(IND|QNAN|SNAN)0*)$/i.test(token)) {
      expected();
    }
    if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) {
      this.fail(`${fields[index]}: got ${value}; expected a number within the range of 32-bit floats.`);
    }
    return value;
  }

  #endLine(what: string): void {
    this.#skipBlanks();
    if (this.#at >= this.text.length) return;
    if (this.text.charCodeAt(this.#at) !== 10) {
      this.fail(`got '${shorten(this.#token(what))}' behind ${what}; expected the line's end.`);
    }
    this.#at++;
    this.#line++;
  }
}

/** Limit of a number's characters. The smallest double, written out, has fewer. */
const MAX_NUMBER_LENGTH = 400;
const powersOfTen = Array.from({ length: 16 }, (_, i) => 10 ** i);

/** A token for an error. */
const shorten = (token: string) => (token.length > 24 ? `${token.slice(0, 24)}...` : token);
