import * as tf from '@tensorflow/tfjs-core';
import { extendGradient, gradientToExtend, type InputGradients } from './gradientConfig.js';

/** Kernels without a gradient in tfjs whose output changes in jumps, so that its derivative is 0 almost everywhere. */
const STEPS: { [kernel: string]: readonly string[] } = {
  All: ['x'],
  Any: ['x'],
  BitwiseAnd: ['a', 'b'],
  Equal: ['a', 'b'],
  Greater: ['a', 'b'],
  Less: ['a', 'b'],
  LessEqual: ['a', 'b'],
  LogicalAnd: ['a', 'b'],
  LogicalNot: ['x'],
  LogicalOr: ['a', 'b'],
  LogicalXor: ['a', 'b'],
  LowerBound: ['sortedSequence', 'values'],
  Multinomial: ['logits'],
  NotEqual: ['a', 'b'],
  SearchSorted: ['sortedSequence', 'values'],
  UpperBound: ['sortedSequence', 'values'],
};

/** Inputs whose derivative is 0 almost everywhere, but for which tfjs's gradient is missing or not float32, which it refuses. */
const INDICES: { [kernel: string]: readonly string[] } = {
  ArgMax: ['x'],
  ArgMin: ['x'],
  GatherV2: ['indices'],
  GreaterEqual: ['a', 'b'],
  UnsortedSegmentSum: ['segmentIds'],
};

/** Registers gradient zero for the kernels whose output changes in jumps and which have no gradient. */
export function registerZeroGradients(): void {
  for (const [kernelName, inputs] of Object.entries(STEPS)) {
    if (tf.getGradient(kernelName)) continue;
    tf.registerGradient({
      kernelName,
      inputsToSave: [...inputs],
      gradFunc: (_, saved) => zeros(inputs, saved),
    });
  }
}

/** Gives indices, and integers that are compared, the gradient zero. Where tfjs's own gradients work, they are 0 as well. */
export function registerIndexGradients(): void {
  for (const [kernelName, inputs] of Object.entries(INDICES)) {
    const config = gradientToExtend(kernelName);
    const positions = inputs.map((input) => config?.inputsToSave?.indexOf(input) ?? -1);
    if (!config || positions.includes(-1)) continue;
    extendGradient(config, (dy, saved, attributes) => ({
      ...config.gradFunc(dy, saved, attributes),
      ...zeros(
        inputs,
        positions.map((position) => saved[position]!),
      ),
    }));
  }
}

function zeros(inputs: readonly string[], saved: readonly tf.Tensor[]): InputGradients {
  return Object.fromEntries(inputs.map((input, i) => [input, () => floatZeros(saved[i]!)]));
}

/** float32 also for inputs of type bool and int32, as tfjs demands. */
function floatZeros(x: tf.Tensor): tf.Tensor {
  const zeros = tf.zerosLike(x);
  return x.dtype === 'float32' ? zeros : tf.cast(zeros, 'float32');
}
