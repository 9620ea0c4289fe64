import './keras/layers/activations.js';
import './keras/layers/causalConv1D.js';
import './keras/layers/globalPooling.js';
import './keras/layers/gru.js';

export { convertKeras3Json } from './keras/json/convertKeras3Json.js';
export { BatchNormalization } from './keras/layers/batchNormalization.js';
export {
  GlobalAveragePooling3D,
  GlobalMaxPooling3D,
  type GlobalPooling3DConfig,
} from './keras/layers/globalPooling3D.js';
export { Normalization, type NormalizationConfig } from './keras/layers/normalization.js';
export {
  SpatialDropout2D,
  SpatialDropout3D,
  type SpatialDropoutConfig,
} from './keras/layers/spatialDropout.js';
export { Subtract } from './keras/layers/subtract.js';
export { ZeroPadding1D, ZeroPadding3D, type ZeroPaddingConfig } from './keras/layers/zeroPadding.js';
