export type { GcnConfig } from './blocks/skeleton/gcn.js';
export type { InflatedResnet50Config } from './blocks/video/inflatedResnet50.js';
export type { VideoConfig } from './blocks/video/videoConfig.js';
export type { CostedLayer } from './cost/costedLayer.js';
export { type MultiplyAddsOptions, multiplyAdds } from './cost/multiplyAdds.js';
export { type ParameterCountOptions, parameterCount } from './cost/parameterCount.js';
export type { Encoder } from './encoder.js';
export { CostError, EncoderConfigError } from './errors.js';
export type { FusionChoice, FusionContext, FusionName } from './fusion/fusionChoice.js';
export type { FusionConfig } from './fusion/fusionConfig.js';
export type { FusionPoint, StageReference } from './fusion/fusionPoints.js';
export { type MultiStreamConfig, multiStream } from './fusion/multiStream.js';
export { type SingleStreamConfig, singleStream } from './fusion/singleStream.js';
export { type TwoStreamConfig, twoStream } from './fusion/twoStream.js';
export {
  BodyMask,
  BodyMean,
  BodyPresence,
  RootCentering,
  type RootCenteringConfig,
} from './layers/bodies/bodies.js';
export { BodyConv2D, type BodyConv2DConfig } from './layers/bodies/bodyConv2D.js';
export { BodyMaxPool } from './layers/bodies/bodyMaxPool.js';
export { BodyPool, type BodyPoolConfig } from './layers/bodies/bodyPool.js';
export { ChannelConcat } from './layers/channelConcat.js';
export { DepthwiseConv3D, type DepthwiseConv3DConfig } from './layers/convolution/depthwiseConv3D.js';
export { PaddedConv3D, type PaddedConv3DConfig, type Size3 } from './layers/convolution/paddedConv3D.js';
export {
  SequenceConvolution,
  type SequenceConvolutionConfig,
} from './layers/convolution/sequenceConvolution.js';
export {
  TemporalConvolution,
  type TemporalConvolutionConfig,
} from './layers/convolution/temporalConvolution.js';
export {
  AdaptiveGraphConvolution,
  type AdaptiveGraphConvolutionConfig,
} from './layers/graph/adaptiveGraphConvolution.js';
export {
  ChannelTopologyGraphConvolution,
  type ChannelTopologyGraphConvolutionConfig,
} from './layers/graph/channelTopologyGraphConvolution.js';
export { GraphConvolution, type GraphConvolutionConfig } from './layers/graph/graphConvolution.js';
export { GraphLayer, type GraphLayerConfig } from './layers/graph/graphLayer.js';
export type { Pointwise } from './layers/graph/pointwise.js';
export { BoneVectors, type BoneVectorsConfig } from './layers/joints/boneVectors.js';
export { JointsAsChannels } from './layers/joints/jointsAsChannels.js';
export { Motion, type MotionConfig } from './layers/joints/motion.js';
export { BatchNorm, type BatchNormConfig } from './layers/normalization/batchNorm.js';
export {
  ChannelNormalization,
  type ChannelNormalizationConfig,
} from './layers/normalization/channelNormalization.js';
export { GlobalAverage } from './layers/pooling/globalAverage.js';
export { PaddedMaxPool3D, type PaddedMaxPool3DConfig } from './layers/pooling/paddedMaxPool3D.js';
export { TemporalMaxPool, type TemporalMaxPoolConfig } from './layers/pooling/temporalMaxPool.js';
export { SeededDropout, type SeededDropoutConfig } from './layers/seededDropout.js';
export {
  SqueezeExcitation,
  type SqueezeExcitationConfig,
  squeezedWidth,
} from './layers/squeezeExcitation.js';
export { type Resnet1dConfig, resnet1d } from './networks/series/resnet1d.js';
export { type AgcnConfig, agcn } from './networks/skeleton/agcn.js';
export { type CtrgcnConfig, ctrgcn } from './networks/skeleton/ctrgcn.js';
export { type HcnConfig, hcn } from './networks/skeleton/hcn.js';
export { type StgcnConfig, stgcn } from './networks/skeleton/stgcn.js';
export { type StgcnppConfig, stgcnpp } from './networks/skeleton/stgcnpp.js';
export { i3dResNet50 } from './networks/video/i3dResNet50.js';
export {
  mc3,
  type Resnet3dConfig,
  r2plus1d,
  r3d,
  resnet3d,
  type TorchvisionVideoConfig,
  type VideoConvolution,
} from './networks/video/resnet3d.js';
export { slowOnly50 } from './networks/video/slowOnly50.js';
export { type X3dConfig, x3d } from './networks/video/x3d.js';
export { adjacency, type PartitionStrategy } from './skeleton/adjacency.js';
export { boneParents, type SkeletonGraph, type SkeletonLayout, skeletonGraph } from './skeleton/graphs.js';
export type { SkeletonStream, SkeletonStreamConfig } from './skeleton/skeletonStream.js';
export {
  importTorchWeights,
  type TorchFamily,
  type TorchImportOptions,
} from './torch/importTorchWeights.js';
export { pysklNames } from './torch/names/pysklNames.js';
export { pytorchvideoNames } from './torch/names/pytorchvideoNames.js';
export { skelactNames } from './torch/names/skelactNames.js';
export { torchvisionNames } from './torch/names/torchvisionNames.js';
export {
  TorchImportError,
  type TorchImportReport,
  type TorchMatch,
  type TorchMismatch,
  type TorchMissing,
} from './torch/torchImportReport.js';
export type { TorchConstant, TorchLayer, TorchNames, TorchWeight } from './torch/torchWeights.js';
