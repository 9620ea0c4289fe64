import * as tf from '@tensorflow/tfjs-core';
import {
  input,
  type LayersModel,
  layers,
  model,
  type SymbolicTensor,
  sequential,
} from '@tensorflow/tfjs-layers';

// tfjs's default for these, orthogonal, needs chained methods, which tfjs-core does not register under Node.
const recurrent = { recurrentInitializer: 'glorotUniform' } as const;
/** A layer applied to one or several tensors. */
export const apply = (layer: { apply(x: never): unknown }, ...xs: SymbolicTensor[]) =>
  layer.apply((xs.length === 1 ? xs[0] : xs) as never) as SymbolicTensor;
/** Logits of joined branches. */
export const joined = (...xs: SymbolicTensor[]) =>
  apply(layers.dense({ units: 3, name: 'logits' }), apply(layers.concatenate({ name: 'joined' }), ...xs));

/** Clips for all inputs of a model, of 2 rows, with frames of zeros at the end of each sequence. */
export function clips(of: LayersModel): tf.Tensor[] {
  return of.inputs.map(({ shape }, i) => {
    const x = tf.randomNormal([2, ...(shape.slice(1) as number[])], 0, 1, 'float32', i + 1);
    if (x.rank !== 3) return x;
    const frames = shape[1]!;
    return tf.mul(
      x,
      tf.reshape(tf.cast(tf.less(tf.range(0, frames), frames - 2 + i), 'float32'), [frames, 1]),
    );
  });
}

/** What a model predicts, a list for each output. */
export const predictions = (of: LayersModel, xs: tf.Tensor[]) =>
  tf.tidy(() => [of.predict(xs) as tf.Tensor | tf.Tensor[]].flat().map((one) => [...one.dataSync()]));

/** Two flat branches of several layers. */
export function flat(): LayersModel {
  const rgb = input({ shape: [6, 6, 2], name: 'rgb' });
  const skeleton = input({ shape: [8, 3], name: 'skeleton' });
  let a = apply(layers.conv2d({ filters: 4, kernelSize: 3, name: 'rgbConv1' }), rgb);
  a = apply(layers.batchNormalization({ name: 'rgbNorm' }), a);
  a = apply(layers.conv2d({ filters: 5, kernelSize: 3, activation: 'relu', name: 'rgbConv2' }), a);
  let b = apply(layers.conv1d({ filters: 3, kernelSize: 3, name: 'skeletonConv1' }), skeleton);
  b = apply(layers.conv1d({ filters: 6, kernelSize: 3, activation: 'relu', name: 'skeletonConv2' }), b);
  const features = [apply(layers.flatten(), a), apply(layers.globalAveragePooling1d(), b)];
  return model({ inputs: [rgb, skeleton], outputs: joined(...features), name: 'flat' });
}

/** A functional model and a Sequential one as branches; layers without weights have the same names in both. */
export function nested(): LayersModel {
  const x = input({ shape: [6, 6, 2], name: 'inner' });
  const conv = apply(layers.conv2d({ filters: 4, kernelSize: 3, name: 'rgbConv' }), x);
  const relu = apply(layers.reLU({ name: 'relu' }), conv);
  const rgbBranch = model({
    inputs: x,
    outputs: apply(layers.flatten({ name: 'flat' }), relu),
    name: 'rgbBranch',
  });
  const skeletonBranch = sequential({ name: 'skeletonBranch' });
  skeletonBranch.add(layers.conv1d({ filters: 5, kernelSize: 3, inputShape: [8, 3], name: 'skeletonConv' }));
  skeletonBranch.add(layers.reLU({ name: 'relu' }));
  skeletonBranch.add(layers.flatten({ name: 'flat' }));
  const [rgb, skeleton] = [
    input({ shape: [6, 6, 2], name: 'rgb' }),
    input({ shape: [8, 3], name: 'skeleton' }),
  ];
  const outputs = joined(apply(rgbBranch, rgb), apply(skeletonBranch, skeleton));
  return model({ inputs: [rgb, skeleton], outputs });
}

/** Sequences through recurrent layers, the first padded and masked. */
export function masked(): LayersModel {
  const [a, b] = [input({ shape: [7, 3], name: 'padded' }), input({ shape: [5, 2], name: 'whole' })];
  const x = apply(
    layers.timeDistributed({ layer: layers.dense({ units: 4 }) as never, name: 'features' }),
    apply(layers.masking({ maskValue: 0 }), a),
  );
  const y = apply(layers.gru({ ...recurrent, units: 3, returnSequences: true, name: 'states' }), b);
  const ends = [
    apply(layers.lstm({ ...recurrent, units: 2 }), x),
    apply(
      layers.bidirectional({
        layer: layers.simpleRNN({ ...recurrent, units: 2 }) as never,
        mergeMode: 'concat',
      }),
      y,
    ),
  ];
  return model({ inputs: [a, b], outputs: joined(...ends) });
}

/** One layer and one nested model applied to both inputs. */
export function shared(): LayersModel {
  const [a, b] = [input({ shape: [4], name: 'left' }), input({ shape: [4], name: 'right' })];
  const both = layers.dense({ units: 5, activation: 'tanh', name: 'both' });
  const encoder = sequential({ name: 'encoder' });
  encoder.add(layers.dense({ units: 6, inputShape: [5], name: 'hidden' }));
  encoder.add(layers.reLU());
  const outputs = joined(apply(encoder, apply(both, a)), apply(encoder, apply(both, b)));
  return model({ inputs: [a, b], outputs });
}

/** Four outputs: the logits, two auxiliary heads and the features of a branch. */
export function auxiliary(): LayersModel {
  const [a, b] = [input({ shape: [4], name: 'left' }), input({ shape: [3], name: 'right' })];
  const [x, y] = [
    apply(layers.dense({ units: 5, name: 'x' }), a),
    apply(layers.dense({ units: 5, name: 'y' }), b),
  ];
  const heads = [x, y].map((one, i) => apply(layers.dense({ units: 2, name: `aux${i}` }), one));
  return model({ inputs: [a, b], outputs: [joined(x, y), ...heads, x] });
}

/** A layer with several outputs in one branch; its states are the initial states in the other. */
export function states(): LayersModel {
  const [a, b] = [input({ shape: [7, 3], name: 'heard' }), input({ shape: [5, 2], name: 'spoken' })];
  const [all, h, c] = layers
    .lstm({ ...recurrent, units: 4, returnSequences: true, returnState: true, name: 'lstm' })
    .apply(a) as SymbolicTensor[];
  const y = apply(layers.conv1d({ filters: 6, kernelSize: 2, name: 'conv' }), b);
  const decoded = layers
    .lstm({ ...recurrent, units: 4, name: 'decoder' })
    .apply(y, { initialState: [h, c] } as never);
  // In this order: tfjs runs a layer once for each of its outputs, and fails when that happens after the decoder.
  return model({ inputs: [a, b], outputs: joined(decoded as SymbolicTensor, apply(layers.flatten(), all!)) });
}

/** Masks inside a nested model, which does not pass them out. */
export function maskedInside(): LayersModel {
  const branch = sequential({ name: 'branch' });
  branch.add(layers.masking({ maskValue: 0, inputShape: [7, 3] }));
  branch.add(layers.lstm({ ...recurrent, units: 4, returnSequences: true, name: 'inside' }));
  branch.add(layers.timeDistributed({ layer: layers.dense({ units: 3 }) as never }));
  const [a, b] = [input({ shape: [7, 3], name: 'padded' }), input({ shape: [4], name: 'other' })];
  const outputs = joined(
    apply(layers.lstm({ ...recurrent, units: 2, name: 'outside' }), apply(branch, a)),
    apply(layers.dense({ units: 2, name: 'second' }), apply(layers.dense({ units: 5, name: 'first' }), b)),
  );
  return model({ inputs: [a, b], outputs });
}

/** A padded branch that tfjs runs first, so that its mask is passed to the recurrent layers of the other branch. */
export function inheriting(nest: boolean): LayersModel {
  const [a, b] = [input({ shape: [5, 3], name: 'whole' }), input({ shape: [5, 3], name: 'padded' })];
  const masked = apply(layers.masking({ maskValue: 0 }), b);
  const y = apply(layers.dense({ units: 4, name: 'second' }), masked);
  const early = layers.gru({
    ...recurrent,
    units: 3,
    returnSequences: true,
    name: 'early',
    inputShape: [5, 3],
  });
  const first = layers.dense({ units: 4, name: 'first' });
  const x = nest
    ? apply(sequential({ name: 'branch', layers: [early, first] }), a)
    : apply(first, apply(early, a));
  const ends = [x, y].map((one) => apply(layers.lstm({ ...recurrent, units: 2 }), one));
  return model({ inputs: [a, b], outputs: joined(...ends) });
}

/** Models in models. */
export function deep(): LayersModel {
  const inner = sequential({ name: 'inner' });
  inner.add(layers.dense({ units: 5, inputShape: [4], name: 'deepest' }));
  inner.add(layers.dense({ units: 4, name: 'behind' }));
  const x = input({ shape: [4], name: 'x' });
  const outer = model({ inputs: x, outputs: apply(layers.reLU(), apply(inner, x)), name: 'outer' });
  const first = sequential({ name: 'first' });
  first.add(outer);
  first.add(layers.dense({ units: 3, name: 'last' }));
  const [a, b] = [input({ shape: [4], name: 'left' }), input({ shape: [3], name: 'right' })];
  return model({
    inputs: [a, b],
    outputs: [joined(apply(first, a), apply(layers.dense({ units: 2, name: 'plain' }), b)), apply(first, a)],
  });
}
