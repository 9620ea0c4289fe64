import { formatValue, mismatch } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { AttackInputError } from '../errors.js';

/** A function of a tensor, made of tfjs operations. */
export type TensorFunction = (x: tf.Tensor) => tf.Tensor;

/**
 * Backward pass differentiable approximation (Athalye, Carlini and Wagner, "Obfuscated gradients give a false sense of
 * security", ICML 2018, section 4.1): a function whose values are those of `forward` and whose gradient is that of
 * `backward`. It lets gradient attacks work on defences without a useful gradient: quantisation, median filters,
 * compression. Pass it to {@link withPreprocessing}, or call it inside a custom classifier.
 *
 * The default `backward`, the identity, is the straight-through estimator (Bengio et al. 2013), which is right when
 * forward(x) is close to x. Otherwise use a smooth approximation of the defence. The value of `backward` isn't used, and it
 * is computed only where gradients are. Foolbox and torchattacks have no such hook.
 * @param forward computes the value; needs no gradient. Its result is float32, of the shape that `backward` returns
 * @param backward is differentiated. Default: the identity
 * @returns a function that throws {@link AttackInputError} when shapes differ or values aren't float32
 * @example
 * ```ts
import * as tf from '@tensorflow/tfjs-core';
 * import '@tensorflow/tfjs-layers'; // for the gradients
 * import { bpda } from '@amr/attacks';
 * const quantised = bpda((x) => tf.div(tf.round(tf.mul(x, 15)), 15));
 * const x = tf.tensor1d([0.1, 0.52]);
 * console.log(await quantised(x).data()); // 0.133, 0.533
 * console.log(await tf.grad(quantised)(x).data()); // 1, 1
 * ```
 */
export function bpda(forward: TensorFunction, backward: TensorFunction = (x) => x): TensorFunction {
  return (x) =>
    tf.tidy(() => {
      const differentiable = tf.engine().state.gradientDepth > 0 ? backward(x) : undefined;
      // Inside customGrad no operation is recorded, so forward needs no gradient.
      const op = tf.customGrad((...args) => {
        const value = tf.clone(forward(x));
        const [from] = args as tf.Tensor[];
        if (value.dtype !== 'float32' || (differentiable && value.shape.join() !== from!.shape.join())) {
          const expected = `float32 in the shape of backward's result, ${formatValue(from!.shape)}`;
          const name = `The result of bpda's forward, of type ${value.dtype}`;
          throw new AttackInputError(mismatch(name, value, expected));
        }
        return { value, gradFunc: (dy: tf.Tensor) => tf.clone(dy) };
      });
      return op(differentiable ?? x);
    });
}
