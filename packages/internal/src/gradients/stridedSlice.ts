import * as tf from '@tensorflow/tfjs-core';

/** Registers the gradient of strided slices, of which GraphModels are full: StridedSlice is NumPy's `x[a:b:c]`. */
export function registerStridedSliceGradient(): void {
  if (tf.getGradient('StridedSlice')) return;
  tf.registerGradient({
    kernelName: 'StridedSlice',
    inputsToSave: ['x'],
    gradFunc: (dy, [x], attributes) => ({
      x: () => spread(dy as tf.Tensor, x!.shape, attributes as unknown as tf.StridedSliceAttrs),
    }),
  });
}

/** Puts the values of a slice back into their places in a tensor of zeros. */
function spread(slice: tf.Tensor, shape: number[], attributes: tf.StridedSliceAttrs): tf.Tensor {
  const { begin, end, strides } = tf.slice_util.sliceInfo(
    shape,
    attributes.begin,
    attributes.end,
    attributes.strides,
    attributes.beginMask,
    attributes.endMask,
    attributes.ellipsisMask,
    attributes.newAxisMask,
    attributes.shrinkAxisMask,
  );
  if (slice.size === 0) return tf.zeros(shape);
  return tf.tidy(() => {
    const sizes = tf.slice_util.computeOutShape(begin, end, strides);
    let placed = slice;
    // Axis by axis, as [outer, size, inner]: wasm pads few axes only.
    for (const [axis, size] of sizes.entries()) {
      const inner = sizes.slice(axis + 1).reduce((product, n) => product * n, 1);
      const outer = shape.slice(0, axis).reduce((product, n) => product * n, 1);
      const along = tf.reshape(placed, [outer, size, inner]) as tf.Tensor3D;
      placed = spreadAlong(along, { first: begin[axis]!, stride: strides[axis]!, length: shape[axis]! });
    }
    return tf.reshape(placed, shape);
  });
}

/** `[outer, size, inner]` to `[outer, length, inner]`, the entries `stride` apart from the `first` one on. */
function spreadAlong(
  x: tf.Tensor3D,
  { first, stride, length }: { first: number; stride: number; length: number },
): tf.Tensor3D {
  const [outer, size, inner] = x.shape;
  const step = Math.abs(stride);
  const from = stride < 0 ? first + (size - 1) * stride : first;
  const span = (size - 1) * step + 1;
  let apart: tf.Tensor = stride < 0 ? tf.reverse(x, 1) : x;
  if (step > 1) {
    const columns = tf.reshape(apart, [outer * size, 1, inner]) as tf.Tensor3D;
    const spaced = tf.pad(columns, [
      [0, 0],
      [0, step - 1],
      [0, 0],
    ]);
    apart = tf.slice(tf.reshape(spaced, [outer, size * step, inner]), [0, 0, 0], [outer, span, inner]);
  }
  return tf.pad(apart as tf.Tensor3D, [
    [0, 0],
    [from, length - from - span],
    [0, 0],
  ]);
}
