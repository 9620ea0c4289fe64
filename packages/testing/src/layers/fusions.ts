import type { FusionLayer } from '@amr/layers';
import {
  AttentionModalityReweighter,
  ConcatFusion,
  ExternalFeatureMemory,
  GatedMultimodalUnit,
  LateFusion,
  ModalityAttention,
  MultimodalTransferModule,
  OddOneOutFusion,
  OrthogonalFusion,
  SumFusion,
} from '@amr/layers';

/** A fusion layer and the shapes of its inputs without the batch, for the tests that all fusion layers share. */
export interface FusionCase {
  /** What distinguishes it from the other cases of its class. */
  title: string;
  /** Creates the layer, the same at each call: seeded, and with a value other than the default for every option. */
  layer: () => FusionLayer;
  /** The modalities' shapes. */
  shapes: number[][];
}

/** Two modalities of different ranks and channels. */
const two = [[2, 2, 3], [4]]; // biome-ignore format: two shapes
const three = [[2, 3], [2, 1, 2, 2], [4]]; // biome-ignore format: three shapes

/** Each layer of @amr/layers, in each of its forms. A new layer gets an entry here, and with it all common tests. */
export const fusionCases: FusionCase[] = [
  {
    title: 'by modality',
    layer: () =>
      new AttentionModalityReweighter({ reductionRatio: 2, temperature: 0.5, returnWeights: true, seed: 1 }),
    shapes: two,
  },
  {
    title: 'by channel',
    layer: () =>
      new AttentionModalityReweighter({
        granularity: 'channel',
        reductionRatio: 3,
        returnWeights: true,
        seed: 2,
      }),
    shapes: three,
  },
  { title: 'of three', layer: () => new ConcatFusion(), shapes: three },
  {
    title: 'of features of any rank',
    layer: () => new ExternalFeatureMemory({ slots: 2, sparsity: 0.05, steps: 2, mix: 0.75, seed: 10 }),
    shapes: three,
  },
  {
    title: 'with a gate for two',
    layer: () => new GatedMultimodalUnit({ units: 3, returnWeights: true, seed: 3 }),
    shapes: two,
  },
  {
    title: 'with a gate for each',
    layer: () => new GatedMultimodalUnit({ units: 3, returnWeights: true, seed: 4 }),
    shapes: three,
  },
  { title: 'of logits', layer: () => new LateFusion(), shapes: [[3], [3], [3]] },
  { title: 'weighted', layer: () => new LateFusion({ modalityWeights: [3, 1] }), shapes: [[3], [3]] },
  {
    title: 'in one block',
    layer: () => new ModalityAttention({ units: 4, heads: 2, seed: 5 }),
    shapes: two,
  },
  {
    title: 'in two blocks',
    layer: () =>
      new ModalityAttention({
        units: 6,
        heads: 3,
        blocks: 2,
        expansion: 1.5,
        returnWeights: true,
        seed: 6,
      }),
    shapes: three,
  },
  {
    title: 'from Glorot gates',
    layer: () => new MultimodalTransferModule({ reductionRatio: 2, returnWeights: true, seed: 7 }),
    shapes: two,
  },
  {
    title: 'from the identity',
    layer: () => new MultimodalTransferModule({ initialGates: 'zeros', reductionRatio: 3, seed: 8 }),
    shapes: three,
  },
  {
    title: 'of two',
    layer: () => new OddOneOutFusion({ units: 4, hidden: 5, seed: 11 }),
    shapes: two,
  },
  {
    title: 'of three, with the odd one',
    layer: () => new OddOneOutFusion({ units: 4, hidden: 5, returnWeights: true, seed: 12 }),
    shapes: three,
  },
  {
    title: 'of as many classes as channels',
    layer: () => new OrthogonalFusion({ classes: 3, initialFactor: 0.5, seed: 13 }),
    shapes: two,
  },
  {
    title: 'with the evidence',
    layer: () => new OrthogonalFusion({ classes: 2, initialFactor: 0.5, returnWeights: true, seed: 14 }),
    shapes: three,
  },
  {
    title: 'of projections',
    layer: () => new SumFusion({ units: 5, average: true, seed: 9 }),
    shapes: three,
  },
  { title: 'of equal channels', layer: () => new SumFusion(), shapes: [[2, 3], [2, 2, 3]] }, // biome-ignore format: two shapes
];
