export { InsertionError, LayerError } from './errors.js';
export {
  AttentionModalityReweighter,
  type AttentionModalityReweighterConfig,
} from './fusion/attentionModalityReweighter.js';
export { ConcatFusion, type ConcatFusionConfig } from './fusion/concatFusion.js';
export { ExternalFeatureMemory, type ExternalFeatureMemoryConfig } from './fusion/externalFeatureMemory.js';
export {
  ExchangeFusion,
  FusionLayer,
  type FusionRole,
  JointFusion,
} from './fusion/fusionLayer.js';
export { GatedMultimodalUnit, type GatedMultimodalUnitConfig } from './fusion/gatedMultimodalUnit.js';
export { LateFusion, type LateFusionConfig } from './fusion/lateFusion.js';
export { ModalityAttention, type ModalityAttentionConfig } from './fusion/modalityAttention.js';
export {
  MultimodalTransferModule,
  type MultimodalTransferModuleConfig,
} from './fusion/multimodalTransferModule.js';
export { OddOneOutFusion, type OddOneOutFusionConfig } from './fusion/oddOneOutFusion.js';
export { OrthogonalFusion, type OrthogonalFusionConfig } from './fusion/orthogonalFusion.js';
export { SumFusion, type SumFusionConfig } from './fusion/sumFusion.js';
export { type InsertAmrConfig, insertAmr } from './insert/insertAmr.js';
export { type InsertionPoint, insertionPoints } from './insert/insertionPoints.js';
export type { LayerReference } from './insert/layerReference.js';
export { RestoreMask } from './insert/restoreMask.js';
export { dependsOn, rewire } from './insert/rewire.js';
export { type AmrLossOptions, amrLoss } from './losses/amrLoss.js';
export { crmtMarginLoss } from './losses/crmtMarginLoss.js';
export { type CrossEntropyOptions, crossEntropy } from './losses/crossEntropy.js';
export { minSimLoss } from './losses/minSimLoss.js';
export { oddOneOutLoss } from './losses/oddOneOutLoss.js';
export type { AffineWeights } from './math/affine.js';
export { type CertifiedRadiusOptions, certifiedRadius } from './math/certifiedRadius.js';
export { channelMeans } from './math/channelMeans.js';
export type { LayerConfig } from './options.js';
export { seeds } from './seeds.js';
