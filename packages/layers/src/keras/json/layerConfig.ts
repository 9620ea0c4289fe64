/*
 * The options of a layer in tfjs's form. tfjs ignores options that it doesn't know, so each that changes what a layer
 * computes is translated or refused.
 */
import { cantConvert, isObject, type Json, type JsonObject } from './json.js';

type Translate = (config: JsonObject, name: string) => JsonObject;

/** Classes that Keras 3 has renamed. */
const CLASS_NAMES: { [name: string]: string } = {
  OrthogonalInitializer: 'Orthogonal',
  IdentityInitializer: 'Identity',
};

/** Options that tfjs ignores, and the value with which it computes what Keras does. Others are refused. */
const FIXED: { [option: string]: Json } = {
  groups: 1,
  zero_output_for_mask: false,
  rms_scaling: false,
  crop_to_aspect_ratio: false,
  pad_to_aspect_ratio: false,
  renorm: false,
};

const TRANSLATIONS: { [className: string]: Translate } = {
  InputLayer: ({ batch_shape, ...config }) => ({
    ...config,
    ...(batch_shape !== undefined && { batch_input_shape: batch_shape }),
  }),
  LeakyReLU: ({ negative_slope, ...config }) => ({
    ...config,
    ...(negative_slope !== undefined && { alpha: negative_slope }),
  }),
  ReLU: ({ negative_slope, threshold, ...config }, name) => {
    for (const [option, value] of Object.entries({ negative_slope, threshold })) {
      // JSON has no undefined, but an absent key has.
      if (value !== undefined && value !== null && value !== 0) {
        throw cantConvert(
          `layer '${name}', option ${option}`,
          value,
          '0, as tfjs has no other. Use LeakyReLU.',
        );
      }
    }
    return config;
  },
  GlobalAveragePooling1D: (config) => ({ ...config, use_mask: true }),
  // tfjs makes the second direction from the first.
  Bidirectional: ({ backward_layer: _, ...config }) => config,
  BatchNormalization: ({ axis, ...config }) => ({
    ...config,
    ...(axis !== undefined && { axis: Array.isArray(axis) && axis.length === 1 ? axis[0]! : axis }),
  }),
};

/**
 * @param convertLayer converts a layer inside this one
 * @throws {LayerError} when tfjs would ignore an option's value
 */
export function convertLayerConfig(
  className: string,
  config: JsonObject,
  convertLayer: (layer: JsonObject) => JsonObject,
): JsonObject {
  const name = (config['name'] ?? className) as string;
  const converted: JsonObject = {};
  for (const [key, value] of Object.entries(config)) {
    const fixed = FIXED[key];
    if (fixed !== undefined && value !== null && value !== fixed) {
      throw cantConvert(`layer '${name}', option ${key}`, value, `${String(fixed)}, as tfjs has no other.`);
    }
    converted[key] = convertOption(key, value, name, convertLayer);
  }
  return TRANSLATIONS[className]?.(converted, name) ?? converted;
}

function convertOption(
  key: string,
  value: Json,
  layer: string,
  convertLayer: (layer: JsonObject) => JsonObject,
): Json {
  if (key === 'dtype') return dataType(value);
  if (/activation$/.test(key)) return activation(value, layer);
  if (!isObject(value) || typeof value['class_name'] !== 'string') return value;
  if (/regularizer$/.test(key)) return regularizer(value, layer);
  if (/layer$/.test(key)) return convertLayer(value);
  const { class_name, config } = value;
  return { class_name: CLASS_NAMES[class_name] ?? class_name, config: config ?? {} };
}

/** A name, or a policy. tfjs computes in float32, and counts in int32. */
function dataType(value: Json): Json {
  const policy = isObject(value) ? value['config'] : value;
  const name = isObject(policy) ? policy['name'] : policy;
  if (typeof name !== 'string') return 'float32';
  if (/int/.test(name)) return 'int32';
  return /float/.test(name) ? 'float32' : name;
}

/** A name, or an Activation layer in the place of one. */
function activation(value: Json, layer: string): Json {
  if (isObject(value) && value['class_name'] === 'function') {
    throw cantConvert(`layer '${layer}', option activation`, value['config'], "one of Keras's activations.");
  }
  // The two have the same name for other functions: that of Keras 2 is steeper.
  return value === 'hard_sigmoid' ? 'hard_sigmoid3' : value;
}

function regularizer(value: JsonObject, layer: string): Json {
  const { class_name, config } = value;
  const { l1 = 0, l2 = 0 } = isObject(config!) ? config : {};
  if (class_name === 'L1' || class_name === 'L2' || class_name === 'L1L2') {
    return { class_name: 'L1L2', config: { l1, l2 } };
  }
  throw cantConvert(
    `layer '${layer}', a regularizer`,
    class_name,
    'L1, L2 or L1L2, which are those of tfjs.',
  );
}
