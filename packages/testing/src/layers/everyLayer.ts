import { ExternalFeatureMemory, insertAmr } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import {
  initializers,
  input,
  type LayersModel,
  layers,
  model,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import { fusionCases } from './fusions.js';

/** A small model, the same at each call, for tests that every model has to pass: saving, loading and training everywhere. */
export interface ModelCase {
  /** Its name in the tests' messages. */
  name: string;
  /** The model, on inputs of any values. */
  build: () => LayersModel;
}

const dense = (x: SymbolicTensor, units: number, name: string, seed: number) =>
  layers
    .dense({ units, name, kernelInitializer: initializers.glorotUniform({ seed }) })
    .apply(x) as SymbolicTensor;

/** Each layer of @amr/layers in each of its forms, behind a trainable dense layer for each modality. */
const fusions: ModelCase[] = fusionCases.map(({ title, layer, shapes }) => ({
  name: `${layer().getClassName()} ${title}`,
  build: () => {
    const inputs = shapes.map((shape, m) => input({ shape, name: `modality${m}` }));
    const encoded = inputs.map((one, m) => dense(one, one.shape.at(-1)!, `encoder${m}`, m));
    const fusion = layer();
    const outputs = fusion.apply(encoded) as SymbolicTensor | SymbolicTensor[];
    tf.tidy(() => {
      const clean = shapes.map((shape, m) => tf.randomNormal([5, ...shape], 0, 1, 'float32', 50 + m));
      const perturbed = () =>
        fusion
          .getWeights()
          .map((weight, i) => tf.add(weight, tf.randomNormal(weight.shape, 0, 0.3, 'float32', 50 + i)));
      // The memory's weights depend on each other, so they are not perturbed one by one.
      if (fusion instanceof ExternalFeatureMemory) fusion.remember(clean);
      else fusion.setWeights(perturbed());
    });
    return model({ inputs, outputs });
  },
}));

/** Each layer of @amr/layers, and a model with an inserted reweighter and masks in one of its branches. */
export const everyLayer: ModelCase[] = [
  ...fusions,
  {
    name: 'insertAmr, with RestoreMask',
    build: () => {
      const inputs = [input({ shape: [4, 3], name: 'padded' }), input({ shape: [5], name: 'whole' })];
      const [padded, whole] = inputs as [SymbolicTensor, SymbolicTensor];
      const masked = layers.masking({ maskValue: 0, name: 'masking' }).apply(padded) as SymbolicTensor;
      const features = [dense(masked, 4, 'first', 1), dense(whole, 6, 'second', 2)];
      const pooled = layers.globalAveragePooling1d({ name: 'pool' }).apply(features[0]!) as SymbolicTensor;
      const joined = layers.concatenate({ name: 'join' }).apply([pooled, features[1]!]) as SymbolicTensor;
      const outputs = dense(joined, 3, 'logits', 3);
      return insertAmr(model({ inputs, outputs }), { at: ['first', 'second'], seed: 4 });
    },
  },
];
