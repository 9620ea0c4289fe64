/*
 * The calls of a functional model's layers. Keras 3 writes for each call its arguments, in which tensors are objects that
 * name the layer, call and output that they come from. tfjs reads lists [layer, call, output, keyword arguments].
 */
import { cantConvert, isObject, type Json, type JsonObject } from './json.js';

/** The layers of a functional model with their calls in tfjs's form, and the model's inputs and outputs. */
interface ConvertedNodes {
  layers: { layer: JsonObject; inboundNodes: Json[] }[];
  inputs: Json[];
  outputs: Json[];
}

/** Operations by which Keras 3 computes masks; tfjs computes them itself. */
const MASK_OPERATIONS = ['NotEqual', 'Any', 'Not', 'LogicalNot', 'Cast'];
/** Operations on two tensors for which there is a layer of the same name. */
const OPERATIONS_WITH_LAYER = ['Add', 'Subtract', 'Multiply', 'Maximum', 'Minimum'];

/** @throws {LayerError} when a call has arguments that tfjs has no place for, or an operation has no layer */
export function convertNodes(layers: readonly JsonObject[], config: JsonObject): ConvertedNodes {
  const named = layers.map((layer) => ({ layer, name: nameOf(layer), calls: callsOf(layer) }));
  const masks = new Set(named.filter(({ layer }) => isMaskOperation(layer)).map(({ name }) => name));
  const kept = named.filter(({ name }) => !masks.has(name));
  // A nested Sequential's own layers are its first call in tfjs, and no call in Keras 3. Other models count them in both.
  const writtenByKeras3 = named.some(({ calls }) => calls.some(isObject));
  const shifted = new Set(
    writtenByKeras3 ? layers.filter(({ class_name }) => class_name === 'Sequential').map(nameOf) : [],
  );
  const origin = ([from, call, ...rest]: Json[]): Json[] =>
    shifted.has(from as string) ? [from!, (call as number) + 1, ...rest] : [from!, call!, ...rest];
  return {
    layers: kept.map(({ layer, name, calls }) => {
      const operation = isOperation(layer);
      return {
        layer: operation ? asLayer(layer, name) : layer,
        inboundNodes: calls.map((call) =>
          isObject(call) ? convertCall(call, name, masks, operation).map(origin) : call,
        ),
      };
    }),
    inputs: endsOf(config['input_layers']).map(origin),
    outputs: endsOf(config['output_layers']).map(origin),
  };
}

function callsOf({ inbound_nodes }: JsonObject): Json[] {
  return Array.isArray(inbound_nodes) ? inbound_nodes : [];
}

function nameOf(layer: JsonObject): string {
  const config = layer['config'];
  return (layer['name'] ?? (isObject(config) ? config['name'] : '')) as string;
}

/** Whether it is a function of keras.ops that was called on a tensor, which Keras 3 lists among the layers. */
function isOperation({ module }: JsonObject): boolean {
  return typeof module === 'string' && /^keras(\.src)?\.ops\b/.test(module);
}

function isMaskOperation(layer: JsonObject): boolean {
  return isOperation(layer) && MASK_OPERATIONS.includes(layer['class_name'] as string);
}

function asLayer(operation: JsonObject, name: string): JsonObject {
  const className = operation['class_name'] as string;
  if (!OPERATIONS_WITH_LAYER.includes(className)) {
    throw cantConvert(
      `the operation '${name}'`,
      className,
      `a layer, or one of ${OPERATIONS_WITH_LAYER.join(', ')} of two tensors. Write it as a layer in Keras.`,
    );
  }
  return { class_name: className, name, config: { name } };
}

/** One call: [layer, call, output, keyword arguments] for each input. */
function convertCall(
  call: JsonObject,
  name: string,
  masks: ReadonlySet<string>,
  operation: boolean,
): Json[][] {
  const args = Array.isArray(call['args']) ? call['args'] : [];
  const keywords = isObject(call['kwargs']) ? call['kwargs'] : {};
  const rest: JsonObject = {};
  for (const [key, value] of Object.entries(keywords)) {
    // tfjs passes masks by itself, and sets the mode of all layers by that of the model.
    const ignored = value === null || key === 'mask' || key === 'training';
    if (value !== null && key === 'training' && value !== false) {
      throw cantConvert(
        `layer '${name}', called with training`,
        value,
        'a layer that follows the mode of the model.',
      );
    }
    if (value !== null && key === 'mask' && tensorsIn(value).some(([from]) => !masks.has(from as string))) {
      throw cantConvert(
        `layer '${name}', called with a mask`,
        value,
        'a mask that Masking or Embedding computes.',
      );
    }
    if (ignored) continue;
    if (tensorsIn(value).length > 0) {
      throw cantConvert(
        `layer '${name}', called with the argument ${key}`,
        value,
        'tensors as first argument only.',
      );
    }
    rest[key] = value;
  }
  const [first, ...others] = args;
  const inputs = tensorsIn(first ?? null);
  const more = others.flatMap(tensorsIn);
  const binary = operation && inputs.length === 1 && more.length === 1;
  if (inputs.length === 0 || (operation && !binary) || (!operation && more.length > 0)) {
    throw cantConvert(
      `layer '${name}', called with ${inputs.length + more.length} tensors in ${args.length} arguments`,
      args,
      operation ? 'an operation on two tensors.' : 'all tensors in the first argument.',
    );
  }
  if (!binary && others.some((value) => value !== null)) {
    throw cantConvert(
      `layer '${name}', called with further arguments`,
      others,
      'no arguments but its inputs.',
    );
  }
  const origins = [...inputs, ...(binary ? more : [])];
  const mask = origins.find(([from]) => masks.has(from as string));
  if (mask)
    throw cantConvert(`layer '${name}', called with the mask`, mask[0], 'masks that only hide steps.');
  return origins.map((history) => [...history, rest]);
}

/** The origins [layer, call, output] of all tensors in an argument, in order. */
function tensorsIn(value: Json): Json[][] {
  if (Array.isArray(value)) return value.flatMap(tensorsIn);
  if (!isObject(value)) return [];
  if (value['class_name'] === '__keras_tensor__' && isObject(value['config'])) {
    return [value['config']['keras_history'] as Json[]];
  }
  return Object.values(value).flatMap(tensorsIn);
}

/** Inputs or outputs of a model: one origin [layer, call, output], a list of them, or an object. */
function endsOf(ends: Json | undefined): Json[][] {
  if (isObject(ends)) return Object.values(ends).flatMap(endsOf);
  if (!Array.isArray(ends))
    throw cantConvert('a functional model', ends ?? null, 'input_layers and output_layers.');
  return typeof ends[0] === 'string' ? [ends] : ends.flatMap(endsOf);
}
