import {
  type AttentionModalityReweighterConfig,
  ConcatFusion,
  type FusionLayer,
  type FusionRole,
  rewire,
  seeds,
} from '@amr/layers';
import {
  initializers,
  input,
  type LayersModel,
  layers,
  model,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import type { Encoder } from '../encoder.js';
import { SeededDropout } from '../layers/seededDropout.js';
import { checkClasses, checkDropout, refuse } from '../options.js';
import { type FusionChoice, type FusionPlace, fusionOf } from './fusionChoice.js';
import { type FusionPoint, fusionStages, type Stream } from './fusionPoints.js';

/** What {@link multiStream} and {@link twoStream} can be told about the fusion and the classifier. */
export interface FusionConfig {
  /** Number of classes, 2 or more. */
  classes: number;
  /**
   * How the modalities meet: see {@link multiStream} for the names; or a fusion layer of `@amr/layers`, or a function
   * that makes one. Default `'amr'`.
   */
  fusion?: FusionChoice;
  /**
   * Where a fusion that exchanges features goes: one place, or several from the first layers to the last. Default
   * `'last'`, with `'memory'` `'features'`. Other fusions take the pooled features and no place.
   */
  at?: FusionPoint | readonly FusionPoint[];
  /** The options of the reweighter of `'amr'`; other fusions take none. */
  reweighter?: Omit<AttentionModalityReweighterConfig, 'returnWeights' | 'name'>;
  /**
   * Adds what the fusion layers say about the modalities' weights as outputs, in the order of `at`; `'concat'`, `'sum'`,
   * `'late'` and `'memory'` say nothing. Default false.
   */
  returnWeights?: boolean;
  /** Adds each modality's pooled features as a last output `<modality>Pooled`, for losses on them. Default false. */
  returnFeatures?: boolean;
  /** Share of the fused features dropped in training, in front of the classifier. In [0, 1); default 0. */
  dropout?: number;
  /** Seed of the initial weights of what is added to the encoders, and of what is dropped. */
  seed?: number;
}

/** What {@link multiStream} can be told. */
export interface MultiStreamConfig extends FusionConfig {
  /** Modality to encoder, two or more. Their order is that of the model's inputs. */
  streams: { [modality: string]: Encoder };
}

/**
 * A classifier of two or more streams: RGB, depth, skeleton, inertial data. Each encoder sees its modality. The pooled
 * features are fused and classified by one dense layer; each stream's own pooled features are classified by an
 * auxiliary one, for deep supervision. The encoders' layers and weights are shared, not copied.
 *
 * `fusion` is one of the names below or any fusion layer of `@amr/layers`; what it does with the streams follows from
 * the layer's role. One that exchanges features sits behind the stages named by `at`, and the rest of each encoder goes
 * on from there; the pooled features are then concatenated. One that joins features takes the concatenation's place. One
 * that classifies gives the logits itself; one that votes makes them of the auxiliary logits.
 *
 * - `'amr'`: `AttentionModalityReweighter`, exchanges; a reconstruction, see there
 * - `'mmtm'`: `MultimodalTransferModule`, exchanges
 * - `'memory'`: `ExternalFeatureMemory`, exchanges, the pooled features if not told otherwise; fill it when the rest is
 *   trained
 * - `'concat'`: `ConcatFusion`, joins
 * - `'sum'`: `SumFusion`, joins; with a projection when the encoders' widths differ
 * - `'gmu'`: `GatedMultimodalUnit`, joins
 * - `'attention'`: `ModalityAttention`, joins
 * - `'odd-one-out'`: `OddOneOutFusion`, joins
 * - `'orthogonal'`: `OrthogonalFusion` (CRMT), classifies
 * - `'late'`: `LateFusion`, votes: the mean of the logits
 *
 * Layers that need a width get that of the widest encoder; for other options give the layer itself.
 *
 * Inputs, in order: one per stream, called by the modality. Outputs, in order: the layers `logits`,
 * `<modality>Logits` for each modality, all [batch, classes] without softmax; with `returnWeights` what each fusion
 * layer gives; with `returnFeatures` the pooled features `<modality>Pooled`, [batch, channels]. The batch size is free.
 *
 * @throws {EncoderConfigError} when a stage does not exist, places are out of order, names collide, or an option has
 * nothing to act on
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { multiStream, resnet3d, stgcn } from '@amr/encoders';
 *
 * const video = { inputShape: [4, 16, 16, 1] as const, width: 4, blocks: [1, 1], stem: 'r3d' as const };
 * const model = multiStream({
 *   streams: {
 *     infrared: resnet3d({ ...video, name: 'infrared' }),
 *     depth: resnet3d({ ...video, name: 'depth' }),
 *     skeleton: stgcn({ frames: 8, persons: 1, layout: 'utd-mhad', width: 4, blocks: [1, 1] }),
 *   },
 *   classes: 27,
 *   at: [1, 'last'],
 * });
 * console.log(model.inputNames); // infrared, depth, skeleton
 * console.log(model.outputNames); // logits, infraredLogits, depthLogits, skeletonLogits
 * ```
 */
export function multiStream({ streams, ...config }: MultiStreamConfig): LayersModel {
  const list = Object.entries(streams).map(([modality, encoder]) => ({ modality, encoder }));
  return joined('multiStream', list, config);
}

const roles: readonly FusionRole[] = ['exchange', 'fuse', 'classify', 'late'];

/** The network behind {@link multiStream} and {@link twoStream}. */
export function joined(network: string, streams: readonly Stream[], config: FusionConfig): LayersModel {
  const { classes, returnWeights = false, returnFeatures = false, dropout = 0 } = config;
  const { layerName, make, at: usually } = check(network, streams, config);
  const seed = seeds(config.seed);
  // Drawn before the fusion's, so that a seed starts the same network with and without reweighting.
  const headSeeds = [seed(), ...streams.map(seed)];
  const channels = streams.map(({ encoder }) => encoder.features.shape.at(-1)!);
  const place = (name: string): FusionPlace => ({ name, seed: seed(), returnWeights, classes, channels });

  // What each tensor of an encoder has become: first the inputs, when they get another name, then the stages.
  const replaced = new Map<SymbolicTensor, SymbolicTensor>();
  const inputs = streams.map(({ encoder, modality }) => {
    if (encoder.input.sourceLayer.name === modality) return encoder.input;
    const renamed = input({ shape: encoder.input.shape.slice(1), name: modality });
    replaced.set(encoder.input, renamed);
    return renamed;
  });

  const points = [config.at ?? usually].flat() as FusionPoint[];
  const first = make(place(points.length === 1 ? layerName : `${layerName}1`));
  if (!roles.includes(first?.role)) {
    refuse(
      network,
      `got a fusion without one of the roles ${roles.join(', ')}; expected a FusionLayer of @amr/layers.`,
    );
  }
  const weights: SymbolicTensor[] = [];
  /** Applies a fusion layer; what it gives beyond `count` outputs are weights. */
  const fuse = (layer: FusionLayer, tensors: SymbolicTensor[], count: number): SymbolicTensor[] => {
    const outputs = [layer.apply(tensors) as SymbolicTensor | SymbolicTensor[]].flat();
    weights.push(...outputs.slice(count));
    return outputs.slice(0, count);
  };

  if (first.role === 'exchange') {
    const places = fusionStages(network, streams, points);
    for (const [i, stages] of places.entries()) {
      const layer = i === 0 ? first : make(place(`${layerName}${i + 1}`));
      if (i > 0 && layer === first) {
        refuse(
          network,
          `got one fusion layer for ${places.length} places; expected a function that makes one for each.`,
        );
      }
      const before = stages.map((stage) => rewire(stage, replaced));
      const after = fuse(layer, before, streams.length);
      for (const [m, stage] of stages.entries()) replaced.set(stage, after[m]!);
    }
  } else if (config.at !== undefined) {
    refuse(
      network,
      `got at ${JSON.stringify(config.at)} for ${first.getClassName()}, which takes the pooled features; leave it out.`,
    );
  }

  const features = streams.map(({ encoder }) => rewire(encoder.features, replaced));
  const head = (x: SymbolicTensor, name: string, index: number) => {
    const kernelInitializer = initializers.glorotUniform({ seed: headSeeds[index] });
    return layers.dense({ units: classes, kernelInitializer, name }).apply(x) as SymbolicTensor;
  };
  const auxiliary = streams.map(({ modality }, m) => head(features[m]!, `${modality}Logits`, m + 1));

  let logits: SymbolicTensor;
  if (first.role === 'exchange' || first.role === 'fuse') {
    const joiner = first.role === 'fuse' ? first : new ConcatFusion({ name: 'fusion' });
    let fused = fuse(joiner, features, 1)[0]!;
    if (dropout > 0) {
      const drop = new SeededDropout({ rate: dropout, seed: seed(), name: 'fusionDropout' });
      fused = drop.apply(fused) as SymbolicTensor;
    }
    logits = head(fused, 'logits', 0);
  } else {
    if (dropout > 0) {
      refuse(
        network,
        `got dropout ${dropout} for ${first.getClassName()}, which makes the logits itself; leave it out.`,
      );
    }
    const decided = fuse(first, first.role === 'late' ? auxiliary : features, 1)[0]!;
    if (String(decided.shape.slice(1)) !== String([classes])) {
      refuse(
        network,
        `got logits [batch, ${decided.shape.slice(1)}] from ${first.getClassName()}; expected [batch, ${classes}], one for each class.`,
      );
    }
    // The output has the same name whatever makes it.
    logits = layers.activation({ activation: 'linear', name: 'logits' }).apply(decided) as SymbolicTensor;
  }
  const pooled = returnFeatures
    ? streams.map(
        ({ modality }, m) =>
          layers
            .activation({ activation: 'linear', name: `${modality}Pooled` })
            .apply(features[m]!) as SymbolicTensor,
      )
    : [];
  return model({ inputs, outputs: [logits, ...auxiliary, ...weights, ...pooled], name: network });
}

function check(network: string, streams: readonly Stream[], config: FusionConfig) {
  const { classes, fusion = 'amr', reweighter, dropout = 0 } = config;
  checkClasses(network, classes);
  checkDropout(network, dropout);
  if (streams.length < 2)
    refuse(network, `got ${streams.length} streams; expected two or more: { rgb, skeleton }.`);
  const twice =
    firstTwice(streams.flatMap(({ encoder }) => encoder.model.layers.map(({ name }) => name))) ??
    firstTwice(streams.map(({ modality }) => modality));
  if (twice !== undefined) {
    refuse(
      network,
      `got two encoders with the same names (${twice}); give each a name of its own: resnet3d({ name: 'depth', ... }).`,
    );
  }
  if (reweighter !== undefined && fusion !== 'amr') {
    refuse(
      network,
      "got reweighter for another fusion than 'amr'; leave it out, or give the layer itself as fusion.",
    );
  }
  return fusionOf(network, fusion, reweighter ?? {});
}

function firstTwice(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name).size);
}
