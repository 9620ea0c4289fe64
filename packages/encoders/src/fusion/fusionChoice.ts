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
import { EncoderConfigError } from '../errors.js';

/** What a fusion layer of a network is made from. */
export interface FusionPlace {
  /** The name that the layer should have. */
  name: string;
  /** Seed of its initial weights. */
  seed: number | undefined;
  /** Whether it should give its weights as a last output, if it has that. */
  returnWeights: boolean;
  /** Number of classes. */
  classes: number;
  /** Channels of each modality's pooled features. */
  channels: readonly number[];
}

/** The fusions that are known by name; {@link multiStream} says what each is. */
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
 * How modalities are fused: a name; a function that makes the layer, once for each place; or the layer itself, when
 * there is one place only.
 */
export type FusionChoice = FusionName | FusionLayer | ((place: FusionPlace) => FusionLayer);

type Reweighter = AttentionModalityReweighterConfig;

/** How a network makes the layers of a fusion. */
interface FusionMaker {
  /** What the layers are called; several are numbered. */
  layerName: string;
  /** Where they go when nothing else is said. */
  at: 'last' | 'features';
  make: (place: FusionPlace, reweighter: Reweighter) => FusionLayer;
}

const joining = <Make>(make: Make) => ({ layerName: 'fusion', at: 'last' as const, make });
/** The width of fused features: that of the widest modality. */
const widest = ({ channels }: FusionPlace) => Math.max(...channels);

const fusions: { [fusion in FusionName]: FusionMaker } = {
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
  concat: joining(({ name }) => new ConcatFusion({ name })),
  sum: joining((place) => {
    const same = place.channels.every((count) => count === place.channels[0]);
    return new SumFusion({ name: place.name, seed: place.seed, ...(same ? {} : { units: widest(place) }) });
  }),
  gmu: joining(
    (place) =>
      new GatedMultimodalUnit({
        units: widest(place),
        name: place.name,
        seed: place.seed,
        returnWeights: place.returnWeights,
      }),
  ),
  attention: joining(
    (place) =>
      new ModalityAttention({
        units: attentionHeads * Math.ceil(widest(place) / attentionHeads),
        heads: attentionHeads,
        name: place.name,
        seed: place.seed,
        returnWeights: place.returnWeights,
      }),
  ),
  'odd-one-out': joining(
    (place) =>
      new OddOneOutFusion({
        units: widest(place),
        hidden: widest(place),
        name: place.name,
        seed: place.seed,
        returnWeights: place.returnWeights,
      }),
  ),
  orthogonal: joining(
    ({ name, seed, classes, returnWeights }) => new OrthogonalFusion({ classes, name, seed, returnWeights }),
  ),
  late: joining(({ name }) => new LateFusion({ name })),
};
const attentionHeads = 4;

/**
 * A maker of the chosen fusion's layers.
 *
 * @throws {EncoderConfigError} when the name is unknown
 */
export function fusionOf(
  network: string,
  choice: FusionChoice,
  reweighter: Reweighter,
): Omit<FusionMaker, 'make'> & { make: (place: FusionPlace) => FusionLayer } {
  if (typeof choice === 'function') return joining(choice);
  if (typeof choice !== 'string') return { ...joining(() => choice), layerName: choice.name };
  const known = Object.hasOwn(fusions, choice) ? fusions[choice] : undefined;
  if (!known) {
    throw new EncoderConfigError(
      `${network}: got fusion '${choice}'; expected one of ${Object.keys(fusions).join(', ')}, a layer of @amr/layers, or ` +
        `a function that makes one.`,
    );
  }
  return { ...known, make: (place) => known.make(place, reweighter) };
}
