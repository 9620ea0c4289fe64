import {
  AttentionModalityReweighter,
  type AttentionModalityReweighterConfig,
  ConcatFusion,
  type FusionLayer,
} from '@amr/layers';
import { EncoderConfigError } from './encoderConfigError.js';

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

/** The fusions that are known by name. Any other layer of `@amr/layers` can be given itself. */
export type FusionName = 'amr' | 'concat';

/**
 * How modalities are fused: a name; a function that makes the layer, once for each place; or the layer itself, when
 * there is one place only.
 */
export type FusionChoice = FusionName | FusionLayer | ((place: FusionPlace) => FusionLayer);

/** What the fusions known by name are, and what their layers are called. */
const fusions: {
  [fusion in FusionName]: {
    layerName: string;
    make: (place: FusionPlace, reweighter: AttentionModalityReweighterConfig) => FusionLayer;
  };
} = {
  amr: {
    layerName: 'reweighter',
    make: ({ name, seed, returnWeights }, reweighter) =>
      new AttentionModalityReweighter({ seed, ...reweighter, returnWeights, name }),
  },
  concat: { layerName: 'fusion', make: ({ name }) => new ConcatFusion({ name }) },
};

/**
 * A maker of the chosen fusion's layers.
 *
 * @throws {EncoderConfigError} when the name is unknown
 */
export function fusionOf(
  network: string,
  choice: FusionChoice,
  reweighter: AttentionModalityReweighterConfig,
): { layerName: string; make: (place: FusionPlace) => FusionLayer } {
  if (typeof choice === 'function') return { layerName: 'fusion', make: choice };
  if (typeof choice !== 'string') return { layerName: choice.name, make: () => choice };
  const known = Object.hasOwn(fusions, choice) ? fusions[choice] : undefined;
  if (!known) {
    throw new EncoderConfigError(
      `${network}: got fusion '${choice}'; expected one of ${Object.keys(fusions).join(', ')}, a layer of @amr/layers, or ` +
        `a function that makes one.`,
    );
  }
  return { layerName: known.layerName, make: (place) => known.make(place, reweighter) };
}
