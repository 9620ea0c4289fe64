import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { EncoderConfigError } from '../errors.js';
import { RootCentering } from '../layers/bodies/bodies.js';
import { BoneVectors } from '../layers/joints/boneVectors.js';
import { Motion } from '../layers/joints/motion.js';
import { boneParents, type SkeletonGraph } from './graphs.js';

/**
 * What a skeleton network sees of the joints: their places, the bones between them, or the motion of either from frame
 * to frame. The four streams of MS-AAGCN (Shi et al., TIP 2020) and PYSKL.
 */
export type SkeletonStream = 'joint' | 'bone' | 'joint-motion' | 'bone-motion';

/** How joints become a stream, in front of any skeleton network. */
export interface SkeletonStreamConfig {
  /** What the network sees of the joints, computed by layers of the model: the input is joints. Default `'joint'`. */
  stream?: SkeletonStream;
  /**
   * The last coordinate is a detector's confidence, as in [x, y, score]: it is not moved by the normalisation, and bones
   * and motions have the mean of the two that they lie between. Default false.
   */
  confidence?: boolean;
  /**
   * `'root'`: a layer inside the model moves the skeleton's center joint to the origin, see {@link RootCentering};
   * `'none'`: coordinates enter as they are. Bones and motions don't depend on it. Default `'root'`.
   */
  normalize?: 'root' | 'none';
}

/**
 * Puts the layers of a stream behind an input of joints, [batch, persons, frames, joints, coordinates], which keeps its
 * shape: bones first, then motion; for plain joints, the center at the origin.
 *
 * @throws {EncoderConfigError} when the stream or the normalisation is unknown, or a confidence the only coordinate
 */
export function skeletonStream(
  joints: SymbolicTensor,
  graph: SkeletonGraph,
  name: string,
  { stream = 'joint', confidence = false, normalize = 'root' }: SkeletonStreamConfig,
): SymbolicTensor {
  if (!streams.includes(stream)) {
    throw new EncoderConfigError(`got stream '${stream}'; expected one of ${streams.join(', ')}.`);
  }
  if (normalize !== 'root' && normalize !== 'none') {
    throw new EncoderConfigError(`got normalize '${normalize}'; expected 'root' or 'none'.`);
  }
  const coordinates = joints.shape[4]!;
  if (confidence && coordinates < 2) {
    throw new EncoderConfigError(
      `got confidence for ${coordinates} coordinates; expected 2 or more: the last one is the confidence.`,
    );
  }
  let x = joints;
  if (stream === 'joint' && normalize === 'root') {
    const centering = new RootCentering({ root: graph.center, confidence, name: `${name}Centered` });
    x = centering.apply(x) as SymbolicTensor;
  }
  if (stream === 'bone' || stream === 'bone-motion') {
    const bones = new BoneVectors({ parents: boneParents(graph), confidence, name: `${name}Bones` });
    x = bones.apply(x) as SymbolicTensor;
  }
  if (stream === 'joint-motion' || stream === 'bone-motion') {
    x = new Motion({ confidence, name: `${name}Motion` }).apply(x) as SymbolicTensor;
  }
  return x;
}

const streams: readonly SkeletonStream[] = ['joint', 'bone', 'joint-motion', 'bone-motion'];
