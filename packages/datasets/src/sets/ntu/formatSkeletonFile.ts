import { DatasetError } from '../../datasetError.js';
import {
  bodyFields,
  jointCount,
  jointFields,
  type SkeletonBody,
  type SkeletonRecording,
} from './skeletonFile.js';

/**
 * Writes a recording as the text of a `.skeleton` file, which `parseSkeletonFile` reads as the same recording. Each value has the
 * fewest digits, 7 or more, that read back as the same 32-bit float.
 * @throws {DatasetError} when a body's arrays don't match each other or the recording
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

/** A line of numbers. */
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
      `body ${id}: got ${joints.length} joint values and ${fields.length} fields in ${n} frames; expected ${n * 300} and ${n * 9}.`,
    );
  }
  if (places.length !== n || !/^\d{1,20}$/.test(id)) {
    throw new DatasetError(
      `body '${id}': got ${places.length} places for ${n} frames; expected one for each, and digits as the id.`,
    );
  }
  body.frames.forEach((frame, i) => {
    if (frame < (i === 0 ? 0 : body.frames[i - 1]! + 1) || frame >= frames) {
      throw new DatasetError(`body ${id}: got frame ${frame}; expected ascending numbers below ${frames}.`);
    }
  });
}
