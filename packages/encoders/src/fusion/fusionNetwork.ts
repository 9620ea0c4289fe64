import { ConcatFusion, type FusionLayer, type FusionRole, rewire, seeds } from '@amr/layers';
import {
  initializers,
  input,
  type LayersModel,
  layers,
  model,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import { checkEncoder } from '../encoder.js';
import { EncoderConfigError } from '../errors.js';
import { SeededDropout } from '../layers/seededDropout.js';
import { checkClasses, checkFraction, checkOption } from '../options.js';
import { type FusionMaker, fusionMaker } from './fusionChoice.js';
import type { FusionConfig } from './fusionConfig.js';
import { type FusionPoint, fusionStages, type Stream } from './fusionPoints.js';

/** What each tensor of an encoder is replaced by: the inputs, where they get another name, then the fused stages. */
type Replaced = Map<SymbolicTensor, SymbolicTensor>;

/** Outputs of a fusion layer, and the modalities' weights that it returns after them. */
interface Fused {
  outputs: SymbolicTensor[];
  weights: SymbolicTensor[];
}

/**
 * The network of {@link multiStream} and {@link twoStream}. The encoders are existing tfjs models, so a fusion in the
 * middle of them is a rewiring: the layers after a fusion point are applied again, to the outputs of the fusion layer.
 * What the fusion layer gets (stages, pooled features or logits) follows from its role.
 *
 * @param network name of the network, for messages
 */
export function fusionNetwork(
  network: string,
  streams: readonly Stream[],
  config: FusionConfig,
): LayersModel {
  const { classes, returnWeights = false, returnFeatures = false } = config;
  const maker = checkedMaker(network, streams, config);
  const seed = seeds(config.seed);
  // Drawn before the seeds of the fusion, so that a seed starts the same network with and without reweighting.
  const [logitsSeed, ...auxiliarySeeds] = [seed(), ...streams.map(() => seed())];
  const channels = streams.map(({ encoder }) => encoder.features.shape.at(-1)!);
  const make = (name: string) => maker.make({ name, seed: seed(), returnWeights, classes, channels });

  const { inputs, replaced } = namedInputs(streams);
  const points = [config.at ?? maker.at].flat() as FusionPoint[];
  const first = make(points.length === 1 ? maker.layerName : `${maker.layerName}1`);
  checkRole(network, first, config);
  const exchangeWeights =
    first.role === 'exchange'
      ? exchangeStages(fusionStages(network, streams, points), replaced, (i) =>
          i === 0 ? first : another(network, first, make(`${maker.layerName}${i + 1}`), points.length),
        )
      : [];
  const features = streams.map(({ encoder }) => rewire(encoder.features, replaced));
  const auxiliary = streams.map(({ modality }, m) =>
    dense(features[m]!, `${modality}Logits`, classes, auxiliarySeeds[m]),
  );

  let logits: SymbolicTensor;
  let weights: SymbolicTensor[];
  if (first.role === 'exchange' || first.role === 'fuse') {
    const layer = first.role === 'fuse' ? first : new ConcatFusion({ name: 'fusion' });
    const fused = applyFusion(layer, features, 1);
    weights = fused.weights;
    logits = dense(droppedOut(fused.outputs[0]!, config.dropout, seed), 'logits', classes, logitsSeed);
  } else {
    const fused = applyFusion(first, first.role === 'late' ? auxiliary : features, 1);
    weights = fused.weights;
    logits = ownLogits(network, first, fused.outputs[0]!, classes);
  }
  const pooled = returnFeatures
    ? streams.map(({ modality }, m) => named(features[m]!, `${modality}Pooled`))
    : [];
  const outputs = [logits, ...auxiliary, ...exchangeWeights, ...weights, ...pooled];
  return model({ inputs, outputs, name: network });
}

/** An input for each stream. An encoder whose input has another name than the modality gets a new input. */
function namedInputs(streams: readonly Stream[]): { inputs: SymbolicTensor[]; replaced: Replaced } {
  const replaced: Replaced = new Map();
  const inputs = streams.map(({ encoder, modality }) => {
    if (encoder.input.sourceLayer.name === modality) return encoder.input;
    const renamed = input({ shape: encoder.input.shape.slice(1), name: modality });
    replaced.set(encoder.input, renamed);
    return renamed;
  });
  return { inputs, replaced };
}

/** Puts a fusion layer after the stages of each fusion point, in order. Returns the weights of all these layers. */
function exchangeStages(
  points: readonly SymbolicTensor[][],
  replaced: Replaced,
  layerAt: (point: number) => FusionLayer,
): SymbolicTensor[] {
  return points.flatMap((stages, i) => {
    const layer = layerAt(i);
    const rewired = stages.map((stage) => rewire(stage, replaced));
    const { outputs, weights } = applyFusion(layer, rewired, stages.length);
    for (const [m, stage] of stages.entries()) replaced.set(stage, outputs[m]!);
    return weights;
  });
}

/** Applies a fusion layer. Its outputs after the first `count` are weights. */
function applyFusion(layer: FusionLayer, tensors: SymbolicTensor[], count: number): Fused {
  const outputs = [layer.apply(tensors) as SymbolicTensor | SymbolicTensor[]].flat();
  return { outputs: outputs.slice(0, count), weights: outputs.slice(count) };
}

function dense(x: SymbolicTensor, name: string, units: number, seed: number | undefined): SymbolicTensor {
  const kernelInitializer = initializers.glorotUniform({ seed });
  return layers.dense({ units, kernelInitializer, name }).apply(x) as SymbolicTensor;
}

function droppedOut(
  x: SymbolicTensor,
  rate: number | undefined,
  seed: () => number | undefined,
): SymbolicTensor {
  if (!rate) return x;
  return new SeededDropout({ rate, seed: seed(), name: 'fusionDropout' }).apply(x) as SymbolicTensor;
}

/** The logits of a fusion layer that makes them itself, checked. */
function ownLogits(
  network: string,
  layer: FusionLayer,
  logits: SymbolicTensor,
  classes: number,
): SymbolicTensor {
  const shape = logits.shape.slice(1);
  if (String(shape) !== String([classes])) {
    throw new EncoderConfigError(
      `${network}.fusion: got logits [batch, ${shape}] from ${layer.getClassName()}; expected [batch, ${classes}], one ` +
        'for each class.',
    );
  }
  // The output is called `logits` whatever layer makes it.
  return named(logits, 'logits');
}

/** The same tensor as the output of a layer of this name. */
function named(x: SymbolicTensor, name: string): SymbolicTensor {
  return layers.activation({ activation: 'linear', name }).apply(x) as SymbolicTensor;
}

function checkedMaker(network: string, streams: readonly Stream[], config: FusionConfig): FusionMaker {
  const { classes, fusion = 'amr', reweighter, dropout = 0 } = config;
  checkClasses(network, classes);
  checkFraction(`${network}.dropout`, dropout);
  const modalities = streams.map(({ modality }) => modality);
  const expected = 'two or more encoders, such as { rgb, skeleton }';
  checkOption(`${network}.streams`, modalities, streams.length >= 2, expected);
  for (const { encoder, modality } of streams) checkEncoder(`${network}.streams.${modality}`, encoder);
  const twice =
    firstTwice(streams.flatMap(({ encoder }) => encoder.model.layers.map(({ name }) => name))) ??
    firstTwice(modalities);
  if (twice !== undefined) {
    throw new EncoderConfigError(
      `${network}.streams: got two encoders with the same names (${twice}); expected different ones. Give each encoder ` +
        "its own name: resnet3d({ name: 'depth', ... }).",
    );
  }
  checkOption(
    `${network}.reweighter`,
    reweighter,
    reweighter === undefined || fusion === 'amr',
    "none with another fusion than 'amr'",
    'Leave it out, or give the layer itself as fusion.',
  );
  return fusionMaker(network, fusion, reweighter ?? {});
}

const roles: readonly FusionRole[] = ['exchange', 'fuse', 'classify', 'late'];

/** Refuses a layer that is not a fusion layer, and options that have no effect on one of its role. */
function checkRole(network: string, layer: FusionLayer, { at, dropout = 0 }: FusionConfig): void {
  const kind = layer?.getClassName?.() ?? layer;
  if (!roles.includes(layer?.role)) {
    throw new EncoderConfigError(
      `${network}.fusion: got ${kind} without one of the roles ${roles.join(', ')}; expected a FusionLayer of @amr/layers.`,
    );
  }
  checkOption(
    `${network}.at`,
    at,
    at === undefined || layer.role === 'exchange',
    `none for ${kind}, which takes the pooled features`,
    'Leave it out.',
  );
  checkOption(
    `${network}.dropout`,
    dropout,
    dropout === 0 || layer.role === 'exchange' || layer.role === 'fuse',
    `0 for ${kind}, which makes the logits itself`,
    'Leave it out.',
  );
}

/** A layer for a further fusion point, which must not be the first one. */
function another(network: string, first: FusionLayer, layer: FusionLayer, points: number): FusionLayer {
  if (layer !== first) return layer;
  throw new EncoderConfigError(
    `${network}.fusion: got one fusion layer for ${points} fusion points; expected a function that makes one for each.`,
  );
}

function firstTwice(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name).size);
}
