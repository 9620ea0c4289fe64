export { type AgcnConfig, agcn } from './agcn.js';
export type { CostedLayer } from './cost/costedLayer.js';
export { type MultiplyAddsOptions, multiplyAdds } from './cost/multiplyAdds.js';
export { parameterCount } from './cost/parameterCount.js';
export { type CtrgcnConfig, ctrgcn } from './ctrgcn.js';
export type { Encoder } from './encoder.js';
export { EncoderConfigError } from './encoderConfigError.js';
export type { FusionChoice, FusionName, FusionPlace } from './fusionChoice.js';
export type { FusionPoint, StageReference } from './fusionPoints.js';
export { type HcnConfig, hcn } from './hcn.js';
export { i3dResNet50 } from './i3dResNet50.js';
export {
  AdaptiveGraphConvolution,
  type AdaptiveGraphConvolutionConfig,
} from './layers/adaptiveGraphConvolution.js';
export { BatchNorm, type BatchNormConfig } from './layers/batchNorm.js';
export {
  BodyMask,
  BodyMean,
  BodyPresence,
  RootCentering,
  type RootCenteringConfig,
} from './layers/bodies.js';
export { BodyConv2D, type BodyConv2DConfig } from './layers/bodyConv2D.js';
export { BodyMaxPool } from './layers/bodyMaxPool.js';
export { BodyPool, type BodyPoolConfig } from './layers/bodyPool.js';
export { BoneVectors, type BoneVectorsConfig } from './layers/boneVectors.js';
export { ChannelConcat } from './layers/channelConcat.js';
export { ChannelNormalization, type ChannelNormalizationConfig } from './layers/channelNormalization.js';
export {
  ChannelTopologyGraphConvolution,
  type ChannelTopologyGraphConvolutionConfig,
} from './layers/channelTopologyGraphConvolution.js';
export { DepthwiseConv3D, type DepthwiseConv3DConfig } from './layers/depthwiseConv3D.js';
export { GlobalAverage } from './layers/globalAverage.js';
export { GraphConvolution, type GraphConvolutionConfig } from './layers/graphConvolution.js';
export { GraphLayer, type GraphLayerConfig } from './layers/graphLayer.js';
export { JointsAsChannels } from './layers/jointsAsChannels.js';
export { Motion, type MotionConfig } from './layers/motion.js';
export { PaddedConv3D, type PaddedConv3DConfig, type Size3 } from './layers/paddedConv3D.js';
export { PaddedMaxPool3D, type PaddedMaxPool3DConfig } from './layers/paddedMaxPool3D.js';
export type { Pointwise } from './layers/pointwise.js';
export { SeededDropout, type SeededDropoutConfig } from './layers/seededDropout.js';
export { SequenceConvolution, type SequenceConvolutionConfig } from './layers/sequenceConvolution.js';
export {
  SqueezeExcitation,
  type SqueezeExcitationConfig,
  squeezedWidth,
} from './layers/squeezeExcitation.js';
export { TemporalConvolution, type TemporalConvolutionConfig } from './layers/temporalConvolution.js';
export { TemporalMaxPool, type TemporalMaxPoolConfig } from './layers/temporalMaxPool.js';
export { type FusionConfig, type MultiStreamConfig, multiStream } from './multiStream.js';
export { type Resnet1dConfig, resnet1d } from './resnet1d.js';
export {
  mc3,
  type Resnet3dConfig,
  r2plus1d,
  r3d,
  resnet3d,
  type TorchvisionVideoConfig,
  type VideoConvolution,
} from './resnet3d.js';
export { type SingleStreamConfig, singleStream } from './singleStream.js';
export { adjacency, type PartitionStrategy } from './skeleton/adjacency.js';
export type { GcnConfig } from './skeleton/gcn.js';
export { boneParents, type SkeletonGraph, type SkeletonLayout, skeletonGraph } from './skeleton/graphs.js';
export type { SkeletonStream, SkeletonStreamConfig } from './skeleton/skeletonStream.js';
export { slowOnly50 } from './slowOnly50.js';
export { type StgcnConfig, stgcn } from './stgcn.js';
export { type StgcnppConfig, stgcnpp } from './stgcnpp.js';
export {
  importTorchWeights,
  type TorchFamily,
  type TorchImportOptions,
} from './torch/importTorchWeights.js';
export { pysklNames } from './torch/pysklNames.js';
export { pytorchvideoNames } from './torch/pytorchvideoNames.js';
export { skelactNames } from './torch/skelactNames.js';
export {
  TorchImportError,
  type TorchImportReport,
  type TorchMatch,
  type TorchMismatch,
  type TorchMissing,
} from './torch/torchImportReport.js';
export { torchvisionNames } from './torch/torchvisionNames.js';
export type { TorchConstant, TorchLayer, TorchNames, TorchWeight } from './torch/torchWeights.js';
export { type TwoStreamConfig, twoStream } from './twoStream.js';
export type { InflatedResnet50Config } from './video/inflatedResnet50.js';
export type { VideoConfig } from './video/videoConfig.js';
export { type X3dConfig, x3d } from './x3d.js';
