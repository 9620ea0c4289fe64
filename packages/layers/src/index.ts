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
export { type AmrLossArgs, amrLoss } from './losses/amrLoss.js';
export { type CrossEntropyOptions, crossEntropy } from './losses/crossEntropy.js';
export { dependsOn, rewire } from './rewire.js';
export { seeds } from './seeds.js';
