import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { checkOption } from './options.js';

/** What every encoder function of this package returns: a tfjs model of one modality, and its inner tensors that a fusion needs. */
export interface Encoder {
  /** From {@link input} to {@link features}. */
  model: LayersModel;
  /**
   * The output of each stage, first to last: [batch, ..., channels], where {@link twoStream} can insert a fusion. Their
   * layers are called `<name>Stage1` and so on.
   */
  stages: SymbolicTensor[];
  /** The modality. Its layer, `input.sourceLayer`, has the `name` of the config. */
  input: SymbolicTensor;
  /** The last stage, pooled to [batch, channels]. */
  features: SymbolicTensor;
}

/** @throws {EncoderConfigError} unless the value has the parts of an encoder */
export function checkEncoder(name: string, encoder: Encoder): void {
  const good = encoder?.model && encoder.input && encoder.features && Array.isArray(encoder.stages);
  checkOption(name, encoder, Boolean(good), 'an encoder, such as resnet3d or stgcn return');
}
