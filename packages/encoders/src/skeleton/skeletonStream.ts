import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import { RootCentering } from '../layers/bodies/bodies.js';
import { BoneVectors } from '../layers/joints/boneVectors.js';
import { Motion } from '../layers/joints/motion.js';
import { checkOneOf, checkOption, type KeysOf } from '../options.js';
import { boneParents, type SkeletonGraph } from './graphs.js';

/**
 * What a skeleton network computes from the joints first: their positions, the bones between them, or the motion of either
 * from frame to frame. The four streams of MS-AAGCN (Shi et al., TIP 2020) and PYSKL.
 */
export type SkeletonStream = 'joint' | 'bone' | 'joint-motion' | 'bone-motion';

/** Config of the stream that a skeleton network computes from its input. */
export interface SkeletonStreamConfig {
  /** What layers of the model compute from the joints, which stay the model's input. Default `'joint'`. */
  stream?: SkeletonStream;
  /**
   * The last coordinate is a detector's confidence, as in [x, y, score]: the normalisation does not move it, and a bone or
   * a motion gets the mean confidence of its two ends. Default false.
   */
  confidence?: boolean;
  /**
   * `'root'`: a layer inside the model moves the skeleton's center joint to the origin, see {@link RootCentering};
   * `'none'`: coordinates enter as they are. Bones and motions are the same with both. Default `'root'`.
   */
  normalize?: 'root' | 'none';
}

/** The keys of {@link SkeletonStreamConfig}. */
export const streamKeys: KeysOf<SkeletonStreamConfig> = { stream: true, confidence: true, normalize: true };

/**
 * Applies the layers of a stream to an input of joints, [batch, persons, frames, joints, coordinates], whose shape stays
 * the same: bones first, then motion. For plain joints it moves the center to the origin.
 *
 * @param network name of the network, for messages
 * @throws {EncoderConfigError} when the stream or the normalisation is unknown, or a confidence the only coordinate
 */
export function skeletonStream(
  network: string,
  joints: SymbolicTensor,
  graph: SkeletonGraph,
  name: string,
  { stream = 'joint', confidence = false, normalize = 'root' }: SkeletonStreamConfig,
): SymbolicTensor {
  checkOneOf(`${network}.stream`, stream, streams);
  checkOneOf(`${network}.normalize`, normalize, ['root', 'none']);
  const coordinates = joints.shape[4]!;
  checkOption(
    `${network}.confidence`,
    confidence,
    !confidence || coordinates >= 2,
    `false for ${coordinates} coordinate`,
    'The last coordinate is the confidence, so there must be 2 or more.',
  );
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
