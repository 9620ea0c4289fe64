import { jointCount, jointValues, type SkeletonRecording } from './skeletonFile.js';

/** The positions of one body over time. */
export interface BodyTrack {
  /** The sensor's number of the body. */
  id: string;
  /** Numbers of the frames that contain the body, ascending: `[n]`. */
  frames: Int32Array;
  /** Joints in metres: `[n, 25, 3]`. */
  positions: Float32Array;
  /** Motion of the body: see {@link motionOf}. */
  motion: number;
}

/** The bodies of a recording with their positions and motion, in the file's order. */
export function bodyTracks(recording: SkeletonRecording): BodyTrack[] {
  return recording.bodies.map((body) => {
    const positions = jointValues(body, ['x', 'y', 'z']);
    return { id: body.id, frames: body.frames, positions, motion: motionOf(positions) };
  });
}

/**
 * The motion and size of a body in one number: the sum of the variances of x, y and z over all joints and frames, in square metres.
 * The authors of NTU RGB+D choose main bodies by this measure (questions and answers of shahroudy/NTURGB-D).
 * @param positions `[n, 25, 3]`
 * @param frames which of the n frames; default all
 */
export function motionOf(positions: Float32Array, frames?: readonly number[]): number {
  const stride = 3 * jointCount;
  const rows = frames ?? Array.from({ length: positions.length / stride }, (_, i) => i);
  let motion = 0;
  for (let axis = 0; axis < 3; axis++) {
    let sum = 0;
    for (const row of rows) {
      for (let i = axis; i < stride; i += 3) sum += positions[row * stride + i]!;
    }
    const count = rows.length * jointCount;
    const mean = sum / count;
    let squares = 0;
    for (const row of rows) {
      for (let i = axis; i < stride; i += 3) squares += (positions[row * stride + i]! - mean) ** 2;
    }
    motion += squares / count;
  }
  return motion;
}
