/** Fields of a body's line behind the body's id, in the file's order. */
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
 * Fields of a joint's line, in the file's order: the position in metres (x to the right of the picture, y up, z away from the
 * camera), the joint's pixels in the 512x424 depth picture and in the 1920x1080 colour picture, its orientation as a quaternion, and
 * whether it is tracked (2), inferred (1) or neither (0).
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

/** Number of joints of a body of NTU RGB+D. */
export const jointCount = 25;

/** One body that a sensor tracked, in the frames that show it. */
export interface SkeletonBody {
  /** The sensor's number of the body, in digits, since it is larger than 2^53. */
  id: string;
  /** Numbers of the frames that contain the body, from 0, ascending: `[n]`. */
  frames: Int32Array;
  /** Position of the body in the order of bodies of each of these frames, from 0: `[n]`. */
  places: Int32Array;
  /** Values of {@link bodyFields} in each of these frames: `[n, 9]`. */
  fields: Float32Array;
  /** Values of {@link jointFields} of each joint in each of these frames: `[n, 25, 12]`. */
  joints: Float32Array;
}

/** Content of a `.skeleton` file. */
export interface SkeletonRecording {
  /** Number of frames, including those without a body. */
  frames: number;
  /** The bodies, in the order of their first appearance in the file. */
  bodies: SkeletonBody[];
}

/**
 * Some fields of a body's joints, frame by frame: `jointValues(body, ['x', 'y', 'z'])` is `[n, 25, 3]`.
 * @param body a body of a recording
 * @param fields names out of {@link jointFields}
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
