export type { AffineWeights } from './affine.js';
export {
  AttentionModalityReweighter,
  type AttentionModalityReweighterConfig,
} from './attentionModalityReweighter.js';
export { type CertifiedRadiusArgs, certifiedRadius } from './certifiedRadius.js';
export { channelMeans } from './channelMeans.js';
export { ConcatFusion, type ConcatFusionConfig } from './concatFusion.js';
export { ExternalFeatureMemory, type ExternalFeatureMemoryConfig } from './externalFeatureMemory.js';
export {
  ExchangingLayer,
  FusionLayer,
  type FusionRole,
  JoiningLayer,
  type LayerConfig,
} from './fusionLayer.js';
export { GatedMultimodalUnit, type GatedMultimodalUnitConfig } from './gatedMultimodalUnit.js';
export { type InsertAmrConfig, insertAmr } from './insertAmr.js';
export { InsertionError } from './insertionError.js';
export { LateFusion, type LateFusionConfig } from './lateFusion.js';
export type { LayerReference } from './layerReference.js';
export { type AmrLossArgs, amrLoss } from './losses/amrLoss.js';
export { crmtMarginLoss } from './losses/crmtMarginLoss.js';
export { type CrossEntropyOptions, crossEntropy } from './losses/crossEntropy.js';
export { minSimLoss } from './losses/minSimLoss.js';
export { oddOneOutLoss } from './losses/oddOneOutLoss.js';
export { ModalityAttention, type ModalityAttentionConfig } from './modalityAttention.js';
export {
  MultimodalTransferModule,
  type MultimodalTransferModuleConfig,
} from './multimodalTransferModule.js';
export { OddOneOutFusion, type OddOneOutFusionConfig } from './oddOneOutFusion.js';
export { OrthogonalFusion, type OrthogonalFusionConfig } from './orthogonalFusion.js';
export { OwnMask } from './ownMask.js';
export { dependsOn, rewire } from './rewire.js';
export { seeds } from './seeds.js';
export { SumFusion, type SumFusionConfig } from './sumFusion.js';
