export type { Encoder } from './encoder.js';
export { EncoderConfigError } from './encoderConfigError.js';
export type { FusionChoice, FusionName, FusionPlace } from './fusionChoice.js';
export type { FusionPoint, StageReference } from './fusionPoints.js';
export { BatchNorm, type BatchNormConfig } from './layers/batchNorm.js';
export {
  BodyMask,
  BodyMean,
  BodyPresence,
  RootCentering,
  type RootCenteringConfig,
} from './layers/bodies.js';
export { ChannelNormalization, type ChannelNormalizationConfig } from './layers/channelNormalization.js';
export { GlobalAverage } from './layers/globalAverage.js';
export { GraphConvolution, type GraphConvolutionConfig } from './layers/graphConvolution.js';
export { PaddedConv3D, type PaddedConv3DConfig, type Size3 } from './layers/paddedConv3D.js';
export { PaddedMaxPool3D, type PaddedMaxPool3DConfig } from './layers/paddedMaxPool3D.js';
export { TemporalConvolution, type TemporalConvolutionConfig } from './layers/temporalConvolution.js';
export { type FusionConfig, type MultiStreamConfig, multiStream } from './multiStream.js';
export { type Resnet3dConfig, resnet3d } from './resnet3d.js';
export { type SingleStreamConfig, singleStream } from './singleStream.js';
export { adjacency, type PartitionStrategy } from './skeleton/adjacency.js';
export type { GcnConfig } from './skeleton/gcn.js';
export { boneParents, type SkeletonGraph, type SkeletonLayout, skeletonGraph } from './skeleton/graphs.js';
export { type StgcnConfig, stgcn } from './stgcn.js';
export type { TorchConstant, TorchLayer, TorchNames, TorchWeight } from './torch/torchWeights.js';
export { type TwoStreamConfig, twoStream } from './twoStream.js';
