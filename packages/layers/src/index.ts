export {
  AttentionModalityReweighter,
  type AttentionModalityReweighterConfig,
} from './attentionModalityReweighter.js';
export { channelMeans } from './channelMeans.js';
export { ConcatFusion, type ConcatFusionConfig } from './concatFusion.js';
export {
  ExchangingLayer,
  FusionLayer,
  type FusionRole,
  JoiningLayer,
  type LayerConfig,
} from './fusionLayer.js';
export { GatedMultimodalUnit, type GatedMultimodalUnitConfig } from './gatedMultimodalUnit.js';
export { LateFusion, type LateFusionConfig } from './lateFusion.js';
export { type AmrLossArgs, amrLoss } from './losses/amrLoss.js';
export { type CrossEntropyOptions, crossEntropy } from './losses/crossEntropy.js';
export { ModalityAttention, type ModalityAttentionConfig } from './modalityAttention.js';
export {
  MultimodalTransferModule,
  type MultimodalTransferModuleConfig,
} from './multimodalTransferModule.js';
export { dependsOn, rewire } from './rewire.js';
export { seeds } from './seeds.js';
export { SumFusion, type SumFusionConfig } from './sumFusion.js';
