/*
 * Keras 3 writes the JSON of a model differently from Keras 2, whose form tfjs reads: every object names its module,
 * data types are policies, inputs have a `batch_shape`, and the calls of layers hold tensors instead of names. Several
 * options have other names or meanings. What tfjs would ignore, and so compute something else, is an error here.
 */
import { formatValue } from '@amr/internal';
import type { io } from '@tensorflow/tfjs-core';
import { LayerError } from '../../errors.js';
import { convertNodes } from './inboundNodes.js';
import { cantConvert, isObject, type Json, type JsonObject } from './json.js';
import { convertLayerConfig } from './layerConfig.js';

const MODELS = ['Sequential', 'Functional', 'Model'];

/**
 * Turns the JSON of a model that Keras 3 wrote (`model.to_json()`, or `config.json` of a `.keras` file) into the topology
 * that `tf.loadLayersModel` reads. Importing this entry also registers the layers and activations that tfjs lacks. The
 * model can be Sequential or functional, with nested models. JSON of Keras 2 keeps its meaning.
 *
 * Weights are named 'layer/weight', such as 'dense/kernel'. Masks are not part of the topology: tfjs computes them again
 * from Masking and Embedding.
 * @param json the text, or the parsed object; the topology may also lie in its `modelTopology` or `model_config`
 * @returns the value for `modelTopology`
 * @throws {LayerError} when the JSON isn't a model's, or when the model has an option or a call that tfjs would ignore
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { loadLayersModel } from '@tensorflow/tfjs-layers';
 * import { convertKeras3Json } from '@amr/layers/keras';
 *
 * const json = {
 *   module: 'keras',
 *   class_name: 'Sequential',
 *   config: {
 *     name: 'sequential',
 *     layers: [
 *       { module: 'keras.layers', class_name: 'InputLayer', config: { batch_shape: [null, 2], name: 'x' } },
 *       { module: 'keras.layers', class_name: 'Dense', config: { name: 'dense', units: 1, activation: 'silu' } },
 *     ],
 *   },
 * };
 * const model = await loadLayersModel(
 *   tf.io.fromMemory({
 *     modelTopology: convertKeras3Json(json),
 *     weightSpecs: [
 *       { name: 'dense/kernel', shape: [2, 1], dtype: 'float32' },
 *       { name: 'dense/bias', shape: [1], dtype: 'float32' },
 *     ],
 *     weightData: new Float32Array([1, 2, 0]).buffer,
 *   }),
 * );
 * (model.predict(tf.tensor2d([[1, -0.5]])) as tf.Tensor).print(); // [[0]]
 * ```
 */
export function convertKeras3Json(json: string | object): NonNullable<io.ModelArtifacts['modelTopology']> {
  const parsed: Json | undefined = typeof json === 'string' ? parse(json) : (json as JsonObject | undefined);
  const topology = topologyOf(parsed);
  if (!topology || !MODELS.includes(topology['class_name'] as string) || !isObject(topology['config'])) {
    throw cantConvert(
      'json',
      parsed,
      `the JSON of a model, whose class_name is one of ${formatValue(MODELS)}.`,
    );
  }
  return convertLayer(topology);
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new LayerError(
      `convertKeras3Json: json: got a text that isn't JSON (${(error as Error).message}); expected that of model.to_json().`,
    );
  }
}

function topologyOf(json: Json | undefined): JsonObject | undefined {
  if (!isObject(json)) return undefined;
  return topologyOf(json['modelTopology']) ?? topologyOf(json['model_config']) ?? json;
}

/** A layer or a model, with everything inside it. */
function convertLayer(layer: JsonObject): JsonObject {
  const className = layer['class_name'] as string;
  const config = layer['config'];
  if (!isObject(config))
    throw cantConvert(`a layer of class '${className}'`, config, 'an object as its config.');
  const name = (layer['name'] ?? config['name'] ?? null) as Json;
  const common = { class_name: className, ...(name !== null && { name }) };
  if (className === 'Sequential') {
    const layers = layersOf(config).map(convertLayer);
    return { ...common, config: { name: config['name'] ?? 'sequential', layers } };
  }
  if (MODELS.includes(className)) {
    const nodes = convertNodes(layersOf(config), config);
    const layers = nodes.layers.map(({ layer: inner, inboundNodes }) => ({
      ...convertLayer(inner),
      inbound_nodes: inboundNodes,
    }));
    const { inputs: input_layers, outputs: output_layers } = nodes;
    return { ...common, config: { name: config['name'] ?? 'model', layers, input_layers, output_layers } };
  }
  return { ...common, config: convertLayerConfig(className, config, convertLayer) };
}

function layersOf(config: JsonObject): JsonObject[] {
  const layers = config['layers'];
  if (!Array.isArray(layers) || !layers.every(isObject)) {
    throw cantConvert(
      `the model ${formatValue(config['name'])}`,
      layers ?? null,
      'a list of layers as `layers`.',
    );
  }
  return layers;
}
