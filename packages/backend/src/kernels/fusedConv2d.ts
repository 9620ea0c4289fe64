import {
  backend_util,
  Elu,
  FusedConv2D,
  type FusedConv2DAttrs,
  getKernel,
  LeakyRelu,
  Prelu,
  Sigmoid,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { convolve } from '../wasm/convolve.js';
import { geometry2d } from '../wasm/geometry.js';
import { type ComposedKernel, computeOf } from './kernel.js';

type Shape4 = [number, number, number, number];

/** Activations that XNNPACK can't apply with the product, by the kernel that does. */
const kernelOf: { [activation: string]: string } = {
  elu: Elu,
  leakyrelu: LeakyRelu,
  prelu: Prelu,
  sigmoid: Sigmoid,
};

/** 2D convolution with bias and activation, NHWC: what a tf.layers.conv2d calls. */
export const fusedConv2d: ComposedKernel = {
  kernelName: FusedConv2D,
  compose: (stock) => (call) => {
    const { inputs, backend, attrs } = call;
    const [x, filter, bias] = [inputs['x']!, inputs['filter']!, inputs['bias']];
    const { strides, pad, dilations, dataFormat, dimRoundingMode, activation, leakyreluAlpha } =
      attrs as unknown as FusedConv2DAttrs;
    const clamped = activation === 'linear' || activation === 'relu' || activation === 'relu6';
    const regular =
      dataFormat === 'NHWC' &&
      x.dtype === 'float32' &&
      filter.dtype === 'float32' &&
      (!bias || (bias.shape.length === 1 && bias.shape[0] === filter.shape[3]));
    // The stock kernel says what is wrong with the others.
    if (!regular || (!clamped && !kernelOf[activation])) return stock!(call);
    const info = backend_util.computeConv2DInfo(
      x.shape as Shape4,
      filter.shape as Shape4,
      strides,
      dilations,
      pad,
      dimRoundingMode,
    );
    const out = backend.makeOutput(info.outShape, 'float32');
    convolve(backend, geometry2d(info), x, filter, out, {
      bias,
      activation: clamped ? activation : 'linear',
    });
    if (clamped) return out;
    const operands: { [name: string]: TensorInfo } =
      activation === 'prelu' ? { x: out, alpha: inputs['preluActivationWeights']! } : { x: out };
    const activated = computeOf(getKernel(kernelOf[activation]!, 'wasm'))!({
      inputs: operands,
      backend,
      attrs: { alpha: leakyreluAlpha ?? 0 },
    });
    backend.disposeData(out.dataId);
    return activated;
  },
};
