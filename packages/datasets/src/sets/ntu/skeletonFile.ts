import { DatasetError } from '../../datasetError.js';

/** What the line of a body says after the body's id, in the file's order. */
export const bodyFields = [
  'clippedEdges',
  'handLeftConfidence',
  'handLeftState',
  'handRightConfidence',
  'handRightState',
  'isRestricted',
  'leanX',
  'leanY',
  'trackingState',
] as const;

/**
 * What the line of a joint says, in the file's order: the position in metres (x to the right of the picture, y up, z away from the
 * camera), the pixel of the 512x424 depth picture and of the 1920x1080 colour picture that show it, its orientation as a quaternion,
 * and whether it is tracked (2), inferred (1) or neither (0).
 */
export const jointFields = [
  'x',
  'y',
  'z',
  'depthX',
  'depthY',
  'colorX',
  'colorY',
  'orientationW',
  'orientationX',
  'orientationY',
  'orientationZ',
  'trackingState',
] as const;

/** How many joints a body of NTU RGB+D has. */
export const jointCount = 25;

/** One body that a sensor tracked, in the frames that show it. */
export interface SkeletonBody {
  /** The sensor's number for it, which is larger than 2^53: digits. */
  id: string;
  /** Numbers of the frames that it is in, from 0, ascending: `[n]`. */
  frames: Int32Array;
  /** Its place among the bodies of each of these frames, from 0: `[n]`. */
  places: Int32Array;
  /** Values of {@link bodyFields} in each of these frames: `[n, 9]`. */
  fields: Float32Array;
  /** Values of {@link jointFields} of each joint in each of these frames: `[n, 25, 12]`. */
  joints: Float32Array;
}

/** What a `.skeleton` file holds. */
export interface SkeletonRecording {
  /** Number of frames, those without a body among them. */
  frames: number;
  /** The bodies, in the order in which the file names them first. */
  bodies: SkeletonBody[];
}

/**
 * Reads the text of a `.skeleton` file of NTU RGB+D (Shahroudy et al., CVPR 2016; the format is that of
 * `Matlab/read_skeleton_file.m` in the authors' repository shahroudy/NTURGB-D): the number of frames; for each frame the number of
 * bodies, which may be 0; for each body a line of its id and {@link bodyFields}, the number of joints, which is 25, and a line of
 * {@link jointFields} for each joint. Lines may end in blanks and in CR LF. Numbers are kept as 32-bit floats, which the sensor gave;
 * positions must be finite, while pixels and orientations may be `inf` or `nan`, as the sensor says of joints that it can't place.
 * @param text the file's content
 * @param file its name, for errors
 * @throws {DatasetError} with the line, when it isn't such a file, ends early or goes on behind its last frame
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
    lines.fail(`${frames} frames can't be in a file of ${text.length} characters; copy the file anew`);
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
        lines.fail(`frame ${frame + 1} names body ${id} twice; copy the file anew`);
      track.frames.push(frame);
      track.places.push(place);
      lines.values(bodyFields, 0, track.fields);
      const joints = lines.count('the number of joints');
      if (joints !== jointCount) lines.fail(`found ${joints} joints, expected ${jointCount}`);
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
      fields: track.fields.taken(),
      joints: track.joints.taken(),
    })),
  };
}

/**
 * The text of a `.skeleton` file with this recording: `parseSkeletonFile` of it gives the same recording. Each value has the fewest
 * digits, 7 or more, that read back as the same 32-bit float.
 * @throws {DatasetError} when a body's arrays don't fit one another or the recording
 */
export function formatSkeletonFile(recording: SkeletonRecording): string {
  const frames: { body: SkeletonBody; index: number }[][] = Array.from(
    { length: recording.frames },
    () => [],
  );
  for (const body of recording.bodies) {
    checkBody(body, recording.frames);
    body.frames.forEach((frame, index) => {
      frames[frame]!.push({ body, index });
    });
  }
  const lines = [String(recording.frames)];
  for (const bodies of frames) {
    lines.push(String(bodies.length));
    bodies.sort((a, b) => a.body.places[a.index]! - b.body.places[b.index]!);
    for (const { body, index } of bodies) {
      lines.push(`${body.id} ${row(body.fields, index, bodyFields.length)}`, String(jointCount));
      for (let joint = 0; joint < jointCount; joint++) {
        lines.push(row(body.joints, index * jointCount + joint, jointFields.length));
      }
    }
  }
  return `${lines.join('\n')}\n`;
}

/**
 * Some of the values of a body's joints, frame by frame: `jointValues(body, ['x', 'y', 'z'])` is `[n, 25, 3]`.
 * @param body one of a recording's
 * @param fields names of {@link jointFields}
 */
export function jointValues(
  body: SkeletonBody,
  fields: readonly (typeof jointFields)[number][],
): Float32Array {
  const columns = fields.map((field) => jointFields.indexOf(field));
  const rows = body.joints.length / jointFields.length;
  const values = new Float32Array(rows * columns.length);
  for (let row = 0, to = 0; row < rows; row++) {
    for (const column of columns) values[to++] = body.joints[row * jointFields.length + column]!;
  }
  return values;
}

/** A body while it is read. */
interface Track {
  frames: number[];
  places: number[];
  fields: Values;
  joints: Values;
}

/** Floats that grow with what is read, never with what a file says is to come. */
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

  taken(): Float32Array {
    return this.#values.slice(0, this.#length);
  }
}

/** Reads a text line by line and number by number, without taking it apart. */
class LineReader {
  #at: number;
  #line = 1;
  /** The line that was read last, which errors name. */
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

  /** A line of one whole number. */
  count(what: string): number {
    const token = this.#token(what);
    if (!/^\d{1,9}$/.test(token)) this.fail(`found '${shown(token)}', expected ${what}`);
    this.#endLine(what);
    return Number(token);
  }

  /** The first field of a body's line. */
  id(what: string): string {
    const token = this.#token(what);
    if (!/^\d{1,20}$/.test(token)) this.fail(`found '${shown(token)}', expected the id of ${what}, a number`);
    return token;
  }

  /** The fields up to the end of the line; the first `finite` of them must be finite. */
  values(fields: readonly string[], finite: number, into: Values): void {
    for (let i = 0; i < fields.length; i++) {
      const value = this.#number(fields, i);
      if (i < finite && !Number.isFinite(value)) {
        this.fail(`${fields[i]} is ${value}, expected a number of metres`);
      }
      into.push(value);
    }
    this.#endLine(`${fields.length} fields that end with ${fields.at(-1)}`);
  }

  /** Nothing but blanks may follow. */
  end(frames: number): void {
    const rest = /\S/.exec(this.text.slice(this.#at));
    if (!rest) return;
    const line = this.#line + (this.text.slice(this.#at, this.#at + rest.index).split('\n').length - 1);
    this.fail(`the file goes on behind its last frame, of ${frames}; copy the file anew`, line);
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
    if (start >= this.text.length) this.fail(`the file ends where ${what} should be; copy the file anew`);
    let end = start;
    while (end < this.text.length && this.text.charCodeAt(end) > 32) end++;
    this.#at = end;
    return this.text.slice(start, end);
  }

  /** The next number of a line. Up to 15 digits without an exponent are exact as a quotient of whole numbers. */
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
    // A code above a blank's, or one of 16 digits and more: the slow way.
    if (all === 0 || all > 15 || code > 32) return this.#oddNumber(fields, index);
    this.#at = at;
    const value = whole / powersOfTen[decimals]!;
    return negative ? -value : value;
  }

  #oddNumber(fields: readonly string[], index: number): number {
    const lineEnds = this.text.charCodeAt(this.#at) === 10;
    if (lineEnds)
      this.fail(`the line ends where ${fields[index]} should be, field ${index + 1} of ${fields.length}`);
    const token = this.#token(fields[index]!);
    // What follows takes its time with long ones.
    if (token.length > longestNumber)
      this.fail(`found '${shown(token)}', expected ${fields[index]}, a number`);
    let value = Number.NaN;
    if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(token)) value = Number(token);
    else if (/^[+-]?(inf|infinity|1\.#INF0*)$/i.test(token)) value = token[0] === '-' ? -Infinity : Infinity;
    else if (!/^[+-]?(nan(\(\w*\))?|1\.#(IND|QNAN|SNAN)0*)$/i.test(token)) {
      this.fail(`found '${shown(token)}', expected ${fields[index]}, a number`);
    }
    if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) {
      this.fail(`${fields[index]} is ${value}, which is beyond any measurement`);
    }
    return value;
  }

  #endLine(what: string): void {
    this.#skipBlanks();
    if (this.#at >= this.text.length) return;
    if (this.text.charCodeAt(this.#at) !== 10) {
      this.fail(`found '${shown(this.#token(what))}' behind ${what}, expected the line's end`);
    }
    this.#at++;
    this.#line++;
  }
}

/** Characters of a number; the smallest double, written out, has fewer. */
const longestNumber = 400;
const powersOfTen = Array.from({ length: 16 }, (_, i) => 10 ** i);

/** A token as errors show it. */
const shown = (token: string) => (token.length > 24 ? `${token.slice(0, 24)}...` : token);

/** One line of numbers. */
function row(values: Float32Array, index: number, width: number): string {
  let line = '';
  for (let i = index * width; i < (index + 1) * width; i++) line += (line && ' ') + decimal(values[i]!);
  return line;
}

function decimal(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0';
  for (let digits = 7; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

function checkBody(body: SkeletonBody, frames: number): void {
  const { id, joints, fields, places } = body;
  const n = body.frames.length;
  if (joints.length !== n * jointCount * jointFields.length || fields.length !== n * bodyFields.length) {
    throw new DatasetError(
      `body ${id} is in ${n} frames and has ${joints.length} joint values and ${fields.length} fields, expected ${n * 300} and ${n * 9}`,
    );
  }
  if (places.length !== n || !/^\d{1,20}$/.test(id)) {
    throw new DatasetError(`body '${id}' has ${places.length} places for ${n} frames; its id must be digits`);
  }
  body.frames.forEach((frame, i) => {
    if (frame < (i === 0 ? 0 : body.frames[i - 1]! + 1) || frame >= frames) {
      throw new DatasetError(`body ${id} is in frame ${frame}, expected ascending numbers below ${frames}`);
    }
  });
}
