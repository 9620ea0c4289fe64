/*
 * A model as a list of layer calls on numbered values. An attack on some modalities calls the model many times with the same
 * values of the others, so the classifier has to cut the graph: calls that depend only on unchanging inputs run once, the
 * others each time. tfjs-layers can't run a part of a model, also not of a nested one, so the calls are traced here from the
 * outputs back to the inputs, and nested models are expanded. Values have numbers because one symbolic tensor of a nested
 * model stands for several values.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { isLayersModel } from './isLayersModel.js';
import { unfused } from './unfused.js';

type Layer = SymbolicTensor['sourceLayer'];
type LayerNode = Layer['inboundNodes'][number];

/** A layer's call: the numbers of the values that it takes and returns. */
export interface LayerCall {
  /** The layer. */
  readonly layer: Layer;
  /** Numbers of its inputs. */
  readonly inputs: readonly number[];
  /** Numbers of its outputs. */
  readonly outputs: readonly number[];
}

/** The calls that lead from a model's inputs to its outputs, in order, with nested models expanded. */
export interface FrozenGraph {
  /** Numbers of the model's inputs, in the model's order. */
  readonly inputs: readonly number[];
  /** Every call that an output depends on. */
  readonly calls: readonly LayerCall[];
  /** Numbers of the outputs, in the model's order. */
  readonly outputs: readonly number[];
  /** Number of the first output of each layer and nested model, by name; names in nested models begin with 'model/'. */
  readonly layers: ReadonlyMap<string, number>;
}

/** Values by number. */
export type Values = Map<number, tf.Tensor>;

/** Traces the outputs of a model back to its inputs. */
export function frozenGraphOf(model: Pick<LayersModel, 'inputs' | 'outputs'>): FrozenGraph {
  const calls: LayerCall[] = [];
  const layers = new Map<string, number>();
  let count = 0;

  /** The values of one application of a model; a model that is nested twice has two scopes. */
  class Scope {
    readonly #values = new Map<SymbolicTensor, number>();
    readonly #nested = new Map<LayerNode, Scope>();

    constructor(
      inputs: readonly SymbolicTensor[],
      values: readonly number[],
      readonly prefix = '',
    ) {
      inputs.forEach((input, i) => {
        this.#values.set(input, values[i]!);
      });
    }

    valueOf(symbol: SymbolicTensor): number {
      const known = this.#values.get(symbol);
      if (known !== undefined) return known;
      const { sourceLayer: layer } = symbol;
      const node = layer.inboundNodes.find(({ outputTensors }) => outputTensors.includes(symbol))!;
      if (isLayersModel(layer)) {
        let nested = this.#nested.get(node);
        if (!nested) {
          nested = new Scope(
            layer.inputs,
            node.inputTensors.map((input) => this.valueOf(input)),
            `${this.prefix}${layer.name}/`,
          );
          this.#nested.set(node, nested);
        }
        const position = node.outputTensors.indexOf(symbol);
        const value = nested.valueOf(layer.outputs[position]!);
        this.#values.set(symbol, value);
        if (position === 0) this.#name(layer, value);
        return value;
      }
      const inputs = node.inputTensors.map((input) => this.valueOf(input));
      const outputs = node.outputTensors.map((tensor) => {
        this.#values.set(tensor, count);
        return count++;
      });
      calls.push({ layer, inputs, outputs });
      this.#name(layer, outputs[0]!);
      return this.#values.get(symbol)!;
    }

    /** A layer that is used several times stands for its first use. */
    #name({ name }: Layer, value: number): void {
      if (!layers.has(this.prefix + name)) layers.set(this.prefix + name, value);
    }
  }

  const inputs = model.inputs.map(() => count++);
  const scope = new Scope(model.inputs, inputs);
  return { inputs, calls, outputs: model.outputs.map((output) => scope.valueOf(output)), layers };
}

/** The calls that some values depend on. @param known values that need no call */
export function callsFor(
  calls: readonly LayerCall[],
  values: readonly number[],
  known: ReadonlyMap<number, unknown> = new Map(),
): LayerCall[] {
  const needed = new Set(values.filter((value) => !known.has(value)));
  const leading = calls.toReversed().filter(({ inputs, outputs }) => {
    if (!outputs.some((output) => needed.has(output))) return false;
    for (const input of inputs) if (!known.has(input)) needed.add(input);
    return true;
  });
  return leading.reverse();
}

/**
 * Whether separate calls give the same results as the model. They don't if a layer computes masks, which the model passes
 * along with the values, or keeps a state from call to call.
 */
export function canRunSeparately(calls: readonly LayerCall[]): boolean {
  return calls.every(({ layer }) => !layer.stateful && !makesMask(layer));
}

/** Makes calls and adds their results to `values`. Call it inside `tf.tidy`. */
export function runCalls(calls: readonly LayerCall[], values: Values, training: boolean): void {
  for (const { layer, inputs, outputs } of calls) {
    const given = inputs.map((input) => values.get(input)!);
    const results = [unfusedCall(layer, given) ?? layer.apply(given, { training })].flat() as tf.Tensor[];
    outputs.forEach((output, i) => {
      values.set(output, results[i]!);
    });
  }
}

/** The same result by operations with a cheaper gradient, if gradients are computed and the layer has such a form. */
function unfusedCall(layer: Layer, given: readonly tf.Tensor[]): tf.Tensor | undefined {
  return given.length === 1 && tf.engine().state.gradientDepth > 0 ? unfused(layer, given[0]!) : undefined;
}

/** Splits calls into those that depend on none of these values, and those that depend on some. */
export function splitCalls(
  calls: readonly LayerCall[],
  changing: readonly number[],
): { once: LayerCall[]; always: LayerCall[] } {
  const dependent = new Set(changing);
  const once: LayerCall[] = [];
  const always: LayerCall[] = [];
  for (const call of calls) {
    const depends = call.inputs.some((input) => dependent.has(input));
    (depends ? always : once).push(call);
    if (depends) for (const output of call.outputs) dependent.add(output);
  }
  return { once, always };
}

function makesMask(layer: Layer): boolean {
  if (!layer.supportsMasking) return false;
  try {
    // Masking and Embedding compare their input with a value, which a symbolic input can't do.
    const { inputTensors } = layer.inboundNodes[0]!;
    const symbolic = inputTensors as unknown as tf.Tensor[];
    const masks = layer.computeMask(
      symbolic,
      inputTensors.map(() => null as unknown as tf.Tensor),
    );
    return [masks].flat().some((mask) => mask != null);
  } catch {
    return true;
  }
}
