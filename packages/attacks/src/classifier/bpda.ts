import * as tf from '@tensorflow/tfjs-core';
import { AttackInputError, shown } from '../errors.js';

/** A function of a tensor, by tfjs operations. */
export type TensorFunction = (x: tf.Tensor) => tf.Tensor;

/**
 * Backward pass differentiable approximation (Athalye, Carlini and Wagner, "Obfuscated gradients give a false sense of
 * security", ICML 2018, section 4.1): a function whose values are those of `forward` and whose gradient is that of
 * `backward`. It opens defences to attacks that have no gradient, or one that says nothing: quantisation, median filters,
 * compression. Give it to {@link withPreprocessing}, or call it inside a classifier of your own.
 *
 * The default, the identity, is the straight-through estimator (Bengio et al. 2013): right when forward(x) is about x.
 * Otherwise take a smooth approximation of the defence as `backward`. Its value isn't used; it is computed only where
 * gradients are. Foolbox and torchattacks have no such hook.
 * @param forward what is computed; needs no gradient. Its result is float32, of the shape that `backward` gives
 * @param backward what is differentiated. Default: the identity
 * @returns a function that throws {@link AttackInputError} when shapes differ or values aren't float32
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
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
      const stand = tf.engine().state.gradientDepth > 0 ? backward(x) : undefined;
      // Inside customGrad no operation is recorded, so forward needs no gradient.
      const op = tf.customGrad((...args) => {
        const value = tf.clone(forward(x));
        const [from] = args as tf.Tensor[];
        if (value.dtype !== 'float32' || (stand && value.shape.join() !== from!.shape.join())) {
          throw new AttackInputError(
            `In bpda, forward gave ${shown(value)} of type ${value.dtype} and backward ${shown(from)}; expected float32 of the same shape.`,
          );
        }
        return { value, gradFunc: (dy: tf.Tensor) => tf.clone(dy) };
      });
      return op(stand ?? x);
    });
}
