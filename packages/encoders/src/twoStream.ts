import {
  AttentionModalityReweighter,
  type AttentionModalityReweighterConfig,
  ConcatFusion,
  dependsOn,
  rewire,
} from '@amr/layers';
import {
  initializers,
  input,
  type LayersModel,
  layers,
  model,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import type { Encoder } from './encoder.js';
import { EncoderConfigError } from './encoderConfigError.js';
import { seeds } from './seeds.js';

/** A stage of an encoder: its number, the first being 1, or the name of its layer, such as `'rgbStage2'`. */
export type StageReference = number | string;

/**
 * One place where modalities meet: `'last'`, the last stage of each encoder; a number, that stage of each; or a stage
 * for each modality by name, as encoders differ in how many they have.
 */
export type FusionPoint = 'last' | number | { [modality: string]: StageReference };

/** What {@link twoStream} can be told. */
export interface TwoStreamConfig {
  /** The encoder of the first stream, from {@link resnet3d} for instance. */
  rgb: Encoder;
  /** The encoder of the second stream, from {@link stgcn} for instance. */
  skeleton: Encoder;
  /** Number of classes, 2 or more. */
  classes: number;
  /**
   * `'concat'`: the pooled features side by side; `'amr'`: the same network with an
   * `AttentionModalityReweighter` of `@amr/layers` plugged in at each place of `at`. Default `'amr'`.
   */
  fusion?: 'concat' | 'amr';
  /** Where the reweighter goes: one place, or several from the first layers to the last. Default `'last'`. */
  at?: FusionPoint | readonly FusionPoint[];
  /** The reweighter's options. */
  reweighter?: Omit<AttentionModalityReweighterConfig, 'returnWeights' | 'name'>;
  /** Adds the weights of each reweighter as outputs behind the logits, in the order of `at`. Default false. */
  returnWeights?: boolean;
  /** What to call the modalities. Default: the names of the encoders' inputs. */
  names?: {
    /** Name of the first modality. */
    rgb?: string;
    /** Name of the second modality. */
    skeleton?: string;
  };
  /** Share of the fused features dropped in training, in front of the classifier. In [0, 1); default 0. */
  dropout?: number;
  /** Seed of the initial weights of what is added to the encoders. */
  seed?: number;
}

/**
 * A classifier of two streams. Each encoder sees its modality; at the named stages a reweighter looks at both and
 * scales each one's features, and the rest of each encoder goes on from there. The pooled features are concatenated
 * and classified by one dense layer; each stream's own pooled features are classified by an auxiliary one, for deep
 * supervision. With `fusion: 'concat'` nothing is reweighted; all else is the same. The encoders' layers and weights are
 * shared, not copied.
 *
 * Inputs, in order: one per stream, called by the modality. Outputs, in order: the layers `logits`,
 * `<modality>Logits` for each modality, all [batch, classes] without softmax, and with `returnWeights` the weights of
 * each reweighter, [batch, 2] or per channel. The batch size is free. The reweighter is a reconstruction, see
 * `AttentionModalityReweighter` of `@amr/layers`.
 *
 * @throws {EncoderConfigError} when a stage does not exist, places are out of order, or names collide
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { resnet3d, stgcn, twoStream } from '@amr/encoders';
 *
 * const model = twoStream({
 *   rgb: resnet3d({ inputShape: [4, 16, 16, 1], width: 4, blocks: [1, 1], stem: 'r3d', name: 'depth' }),
 *   skeleton: stgcn({ frames: 8, persons: 1, layout: 'utd-mhad', width: 4, blocks: [1, 1] }),
 *   classes: 27,
 * });
 * console.log(model.inputNames, model.outputNames); // depth, skeleton; logits, depthLogits, skeletonLogits
 * const [logits] = model.predict([tf.zeros([2, 4, 16, 16, 1]), tf.ones([2, 1, 8, 20, 3])]) as tf.Tensor[];
 * console.log(logits!.shape); // [2, 27]
 * ```
 */
export function twoStream(config: TwoStreamConfig): LayersModel {
  const { classes, fusion = 'amr', at = 'last', returnWeights = false, dropout = 0, names = {} } = config;
  const streams: Stream[] = [
    { encoder: config.rgb, modality: names.rgb ?? config.rgb.input.sourceLayer.name },
    { encoder: config.skeleton, modality: names.skeleton ?? config.skeleton.input.sourceLayer.name },
  ];
  check(streams, config);
  const seed = seeds(config.seed);
  // Drawn before the reweighters', so that a seed starts the same network with and without them.
  const headSeeds = [seed(), ...streams.map(seed)];

  // What each tensor of an encoder has become: first the inputs, when they get another name, then the stages.
  const replaced = new Map<SymbolicTensor, SymbolicTensor>();
  const inputs = streams.map(({ encoder, modality }) => {
    if (encoder.input.sourceLayer.name === modality) return encoder.input;
    const renamed = input({ shape: encoder.input.shape.slice(1), name: modality });
    replaced.set(encoder.input, renamed);
    return renamed;
  });

  const weights: SymbolicTensor[] = [];
  if (fusion === 'amr') {
    const points = fusionStages(streams, [at].flat() as FusionPoint[]);
    for (const [i, stages] of points.entries()) {
      const name = points.length === 1 ? 'reweighter' : `reweighter${i + 1}`;
      const options = { seed: seed(), ...config.reweighter, returnWeights, name };
      const before = stages.map((stage) => rewire(stage, replaced));
      const after = new AttentionModalityReweighter(options).apply(before);
      for (const [m, stage] of stages.entries()) replaced.set(stage, after[m]!);
      if (returnWeights) weights.push(after.at(-1)!);
    }
  }

  const features = streams.map(({ encoder }) => rewire(encoder.features, replaced));
  let fused = new ConcatFusion({ name: 'fusion' }).apply(features);
  if (dropout > 0) {
    fused = layers
      .dropout({ rate: dropout, seed: seed(), name: 'fusionDropout' })
      .apply(fused) as SymbolicTensor;
  }
  const classify = (x: SymbolicTensor, name: string, head: number) => {
    const kernelInitializer = initializers.glorotUniform({ seed: headSeeds[head] });
    return layers.dense({ units: classes, kernelInitializer, name }).apply(x) as SymbolicTensor;
  };
  const logits = classify(fused, 'logits', 0);
  const auxiliary = streams.map(({ modality }, m) => classify(features[m]!, `${modality}Logits`, m + 1));
  return model({ inputs, outputs: [logits, ...auxiliary, ...weights], name: 'twoStream' });
}

interface Stream {
  encoder: Encoder;
  modality: string;
}

/** The stage of each stream at each place, in the order of the places. */
function fusionStages(streams: readonly Stream[], points: readonly FusionPoint[]): SymbolicTensor[][] {
  const found = points.map((point) => streams.map((stream) => stageOf(stream, point)));
  for (const [m, { encoder, modality }] of streams.entries()) {
    for (let i = 1; i < found.length; i++) {
      const [earlier, later] = [found[i - 1]![m]!, found[i]![m]!];
      if (earlier === later || !dependsOn(later, earlier)) {
        throw new EncoderConfigError(
          `twoStream: got ${nameOf(later)} after ${nameOf(earlier)} in at, for ${modality}; expected each stage behind the ` +
            `one before it, in the order ${encoder.stages.map(nameOf).join(', ')}.`,
        );
      }
    }
  }
  return found;
}

function stageOf({ encoder, modality }: Stream, point: FusionPoint): SymbolicTensor {
  const { stages } = encoder;
  const reference = typeof point === 'object' ? point[modality] : point;
  const stage =
    reference === 'last'
      ? stages.at(-1)
      : typeof reference === 'number'
        ? stages[reference - 1]
        : stages.find((one) => nameOf(one) === reference);
  if (!stage) {
    throw new EncoderConfigError(
      `twoStream: got the stage ${JSON.stringify(reference)} for ${modality}; expected 'last', a number from 1 to ` +
        `${stages.length}, or one of ${stages.map(nameOf).join(', ')}.`,
    );
  }
  return stage;
}

/** A stage's name is its layer's: that of the tensor gets a suffix when a name comes up twice in a program. */
function nameOf(stage: SymbolicTensor): string {
  return stage.sourceLayer.name;
}

function check(streams: readonly Stream[], { classes, fusion = 'amr', dropout = 0 }: TwoStreamConfig): void {
  const fail = (message: string): never => {
    throw new EncoderConfigError(`twoStream: ${message}`);
  };
  if (!(Number.isInteger(classes) && classes >= 2))
    fail(`got classes ${classes}; expected a whole number, 2 or more.`);
  if (fusion !== 'concat' && fusion !== 'amr') fail(`got fusion '${fusion}'; expected 'concat' or 'amr'.`);
  if (!(dropout >= 0 && dropout < 1)) fail(`got dropout ${dropout}; expected a number in [0, 1).`);
  const [first, second] = streams as [Stream, Stream];
  const layersOf = ({ encoder }: Stream) => encoder.model.layers.map((layer) => layer.name);
  const taken = new Set(layersOf(first));
  const shared = layersOf(second).filter((name) => taken.has(name));
  if (first.modality === second.modality || shared.length > 0) {
    fail(
      `got two encoders with the same names (${shared[0] ?? first.modality}); give each a name of its own: ` +
        `resnet3d({ name: 'depth', ... }).`,
    );
  }
}
