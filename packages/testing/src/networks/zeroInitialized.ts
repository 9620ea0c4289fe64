import { initializers, layers } from '@tensorflow/tfjs-layers';

type AddWeight = (
  name: string,
  shape: number[],
  dtype: string,
  initializer: unknown,
  ...rest: unknown[]
) => unknown;

/** The result of `build`, with zeros as initial values: drawing random ones takes most of the time of building a large network. */
export function zeroInitialized<T>(build: () => T): T {
  const prototype = layers.Layer.prototype as unknown as { addWeight: AddWeight };
  const { addWeight } = prototype;
  prototype.addWeight = function (name, shape, dtype, _initializer, ...rest) {
    return addWeight.call(this, name, shape, dtype, initializers.zeros(), ...rest);
  };
  try {
    return build();
  } finally {
    prototype.addWeight = addWeight;
  }
}
