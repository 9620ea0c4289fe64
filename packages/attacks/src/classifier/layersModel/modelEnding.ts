/*
 * What a LayersModel ends in. Attacks need the values in front of a final softmax or sigmoid: the gradient of
 * cross-entropy through a second softmax vanishes where the model is sure. The ending is found from the structure, from the
 * output back, and replaced by layers without the activation that share the weights; the model itself stays as it is.
 */
import { type LayersModel, model as modelOf, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { isLayersModel } from './isLayersModel.js';
import { type Layer, sharedLayer } from './sharedLayer.js';

/** A softmax or sigmoid at the end of an output, and the output without it. */
export interface Ending {
  /** What was found; a hard sigmoid counts as sigmoid, as it decides alike. */
  readonly kind: 'softmax' | 'sigmoid';
  /** The output without it. */
  readonly logits: SymbolicTensor;
  /** What was removed, in words. */
  readonly removed: string;
  /** Whether several softmaxes are flattened into one row. */
  readonly merged: boolean;
  /** Layers that were made for `logits`, and those whose weights they share. Models among them hold layers of the original. */
  readonly copies: ReadonlyMap<Layer, Layer>;
}

/** Layers that compute activation(f(x)), with the activation among their options. */
const ACTIVATED = new Set([
  'Activation',
  'Dense',
  'Conv1D',
  'Conv2D',
  'Conv2DTranspose',
  'Conv3D',
  'Conv3DTranspose',
  'DepthwiseConv2D',
  'SeparableConv2D',
]);
/** Layers that change nothing outside training. */
const IDENTITIES = new Set([
  'AlphaDropout',
  'Dropout',
  'GaussianDropout',
  'GaussianNoise',
  'SpatialDropout1D',
]);
/** Layers that only change the shape. */
const RESHAPING = new Set(['Flatten', 'Reshape']);

/**
 * The softmax or sigmoid at the end of a model's output, also inside nested models and in front of layers that only reshape or
 * do nothing outside training.
 * @param rename the name of a new layer, from that of the layer in whose place it stands
 * @returns undefined when the output ends in neither: then it gives logits, or log-probabilities, which are logits as well
 */
export function endingOf(
  output: SymbolicTensor,
  rename: (name: string) => string = (name) => name,
  path = '',
): Ending | undefined {
  const layer = output.sourceLayer;
  const node = layer.inboundNodes.find(({ outputTensors }) => outputTensors.includes(output))!;
  const [input] = node.inputTensors;
  if (!input) return undefined;
  const apply = (copy: Layer, x: SymbolicTensor | SymbolicTensor[], kwargs?: object) =>
    copy.apply(x, kwargs as never) as SymbolicTensor;

  if (isLayersModel(layer)) {
    const nested = layer as LayersModel;
    const position = node.outputTensors.indexOf(output);
    const inner = endingOf(nested.outputs[position]!, rename, `${path}${layer.name}/`);
    if (!inner) return undefined;
    const copy = modelOf({
      inputs: nested.inputs,
      outputs: inner.logits,
      name: rename(layer.name),
    }) as unknown as Layer;
    const logits = apply(copy, node.inputTensors.length === 1 ? input : node.inputTensors, node.callArgs);
    return { ...inner, logits, copies: new Map([...inner.copies, [copy, layer]]) };
  }

  const className = layer.getClassName();
  const described = `${className} '${path}${layer.name}'`;
  const activation = ACTIVATED.has(className) ? activationOf(layer) : '';
  if (IDENTITIES.has(className) || (className === 'Activation' && activation === 'linear')) {
    const inner = endingOf(input, rename, path);
    return inner && { ...inner, removed: `${inner.removed}, and ${described} behind it` };
  }
  if (RESHAPING.has(className)) {
    const inner = endingOf(input, rename, path);
    if (!inner) return undefined;
    const copy = sharedLayer(layer, { name: rename(layer.name) });
    const merged = inner.merged || (inner.kind === 'softmax' && mixesRows(input.shape, output.shape));
    const copies = new Map([...inner.copies, [copy, layer] as const]);
    return { ...inner, logits: apply(copy, inner.logits), merged, copies };
  }
  if (className === 'Softmax') {
    if (!isOverLastAxis(layer, input.shape.length)) return undefined;
    return { kind: 'softmax', logits: input, removed: described, merged: false, copies: new Map() };
  }
  const kind = { softmax: 'softmax', sigmoid: 'sigmoid', hardSigmoid: 'sigmoid' } as const;
  if (!(activation in kind)) return undefined;
  const ending = { kind: kind[activation as keyof typeof kind], merged: false };
  if (className === 'Activation') {
    return { ...ending, logits: input, removed: `${activation}, ${described}`, copies: new Map() };
  }
  const copy = sharedLayer(layer, { activation: 'linear', name: rename(layer.name) });
  const removed = `${activation}, the activation of ${described}`;
  return { ...ending, logits: apply(copy, input, node.callArgs), removed, copies: new Map([[copy, layer]]) };
}

function activationOf(layer: Layer): string {
  const { activation } = layer.getConfig();
  return typeof activation === 'string' ? activation : '';
}

/** Whether a Softmax layer runs over the last axis, the only one that tfjs computes it for. */
function isOverLastAxis(layer: Layer, rank: number): boolean {
  const axes = [layer.getConfig().axis].flat();
  return axes.length === 1 && (axes[0] === -1 || axes[0] === rank - 1);
}

/** Whether a reshape puts values of several rows, along the last axis, into one. */
function mixesRows(before: readonly (number | null)[], after: readonly (number | null)[]): boolean {
  const isSingleRow = before.slice(1).filter((size) => size !== 1).length <= 1;
  return !isSingleRow && before.at(-1) !== after.at(-1);
}
