import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';

/** What every encoder of this package is: a tfjs model of one modality, and the places where one can reach into it. */
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
