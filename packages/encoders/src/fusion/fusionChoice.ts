import {
  AttentionModalityReweighter,
  type AttentionModalityReweighterConfig,
  ConcatFusion,
  ExternalFeatureMemory,
  type FusionLayer,
  GatedMultimodalUnit,
  LateFusion,
  ModalityAttention,
  MultimodalTransferModule,
  OddOneOutFusion,
  OrthogonalFusion,
  SumFusion,
} from '@amr/layers';
import { checkOption } from '../options.js';

/** What a function that makes a fusion layer gets to know about the network. */
export interface FusionContext {
  /** The name that the layer should have. */
  name: string;
  /** Seed of the layer's initial weights. */
  seed: number | undefined;
  /** Whether the layer should return its modality weights as a last output, if it has such weights. */
  returnWeights: boolean;
  /** Number of classes. */
  classes: number;
  /** Channels of each modality's pooled features. */
  channels: readonly number[];
}

/** Names of the fusions; {@link multiStream} says what each is. */
export type FusionName =
  | 'amr'
  | 'mmtm'
  | 'memory'
  | 'concat'
  | 'sum'
  | 'gmu'
  | 'attention'
  | 'odd-one-out'
  | 'orthogonal'
  | 'late';

/**
 * How modalities are fused: a name; a function that makes the layer, called once for each fusion point; or the layer
 * itself, when there is only one fusion point.
 */
export type FusionChoice = FusionName | FusionLayer | ((context: FusionContext) => FusionLayer);

type Reweighter = AttentionModalityReweighterConfig;

/** How a network makes the layers of a fusion. */
export interface FusionMaker {
  /** Name of the layers; several are numbered. */
  layerName: string;
  /** The default fusion point. */
  at: 'last' | 'features';
  make(context: FusionContext): FusionLayer;
}

type NamedFusion = Omit<FusionMaker, 'make'> & {
  make(context: FusionContext, reweighter: Reweighter): FusionLayer;
};

/** A fusion whose layer has the name `fusion`. */
const fusionLayer = <Make>(make: Make) => ({ layerName: 'fusion', at: 'last' as const, make });
/** The width of fused features: that of the widest modality. */
const widest = ({ channels }: FusionContext) => Math.max(...channels);
/** Heads of `'attention'`; its width is a multiple of them. */
const ATTENTION_HEADS = 4;

const fusions: { [fusion in FusionName]: NamedFusion } = {
  amr: {
    layerName: 'reweighter',
    at: 'last',
    make: ({ name, seed, returnWeights }, reweighter) =>
      new AttentionModalityReweighter({ seed, ...reweighter, returnWeights, name }),
  },
  mmtm: {
    layerName: 'transfer',
    at: 'last',
    make: ({ name, seed, returnWeights }) => new MultimodalTransferModule({ seed, returnWeights, name }),
  },
  memory: {
    layerName: 'memory',
    at: 'features',
    make: ({ name, seed }) => new ExternalFeatureMemory({ seed, name }),
  },
  concat: fusionLayer(({ name }) => new ConcatFusion({ name })),
  sum: fusionLayer((context) => {
    const same = context.channels.every((count) => count === context.channels[0]);
    return new SumFusion({
      name: context.name,
      seed: context.seed,
      ...(same ? {} : { units: widest(context) }),
    });
  }),
  gmu: fusionLayer(
    (context) =>
      new GatedMultimodalUnit({
        units: widest(context),
        name: context.name,
        seed: context.seed,
        returnWeights: context.returnWeights,
      }),
  ),
  attention: fusionLayer(
    (context) =>
      new ModalityAttention({
        units: ATTENTION_HEADS * Math.ceil(widest(context) / ATTENTION_HEADS),
        heads: ATTENTION_HEADS,
        name: context.name,
        seed: context.seed,
        returnWeights: context.returnWeights,
      }),
  ),
  'odd-one-out': fusionLayer(
    (context) =>
      new OddOneOutFusion({
        units: widest(context),
        hidden: widest(context),
        name: context.name,
        seed: context.seed,
        returnWeights: context.returnWeights,
      }),
  ),
  orthogonal: fusionLayer(
    ({ name, seed, classes, returnWeights }) => new OrthogonalFusion({ classes, name, seed, returnWeights }),
  ),
  late: fusionLayer(({ name }) => new LateFusion({ name })),
};

/**
 * Maker of the layers of the chosen fusion.
 *
 * @throws {EncoderConfigError} when the name is unknown
 */
export function fusionMaker(network: string, choice: FusionChoice, reweighter: Reweighter): FusionMaker {
  if (typeof choice === 'function') return fusionLayer(choice);
  if (typeof choice !== 'string') return { ...fusionLayer(() => choice), layerName: choice.name };
  const names = Object.keys(fusions).join(', ');
  const expected = `one of ${names}, a layer of @amr/layers, or a function that makes one`;
  checkOption(`${network}.fusion`, choice, Object.hasOwn(fusions, choice), expected);
  const { make, ...rest } = fusions[choice];
  return { ...rest, make: (context) => make(context, reweighter) };
}
