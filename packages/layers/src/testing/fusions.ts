import { AttentionModalityReweighter } from '../attentionModalityReweighter.js';
import { ConcatFusion } from '../concatFusion.js';
import type { FusionLayer } from '../fusionLayer.js';

/** A fusion layer and the shapes of its inputs without the batch: what the tests of all of them run over. */
export interface FusionCase {
  /** What sets it apart from the other cases of its class. */
  title: string;
  /** A new layer, the same at each call: seeded, and with a value other than the default for every option. */
  layer: () => FusionLayer;
  /** The modalities' shapes. */
  shapes: number[][];
}

/** Two modalities of different ranks and channels, as most layers take them. */
const two = [[2, 2, 3], [4]]; // biome-ignore format: two shapes
const three = [[2, 3], [2, 1, 2, 2], [4]]; // biome-ignore format: three shapes

/** Each layer of this package, in each of its forms. A new layer gets a line here, and with it all common tests. */
export const fusionCases: FusionCase[] = [
  {
    title: 'by modality',
    layer: () =>
      new AttentionModalityReweighter({ reductionRatio: 2, temperature: 0.5, returnWeights: true, seed: 1 }),
    shapes: two,
  },
  {
    title: 'by channel',
    layer: () => new AttentionModalityReweighter({ granularity: 'channel', reductionRatio: 3, seed: 2 }),
    shapes: three,
  },
  { title: 'of three', layer: () => new ConcatFusion(), shapes: three },
];
