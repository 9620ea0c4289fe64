import * as tf from '@tensorflow/tfjs-core';

/** What tfjs calls for the gradient of a kernel. tfjs-core doesn't export the type of its result. */
export type GradientFunction = tf.GradConfig['gradFunc'];
/** Input name to a function that computes the gradient with respect to that input. */
export type InputGradients = ReturnType<GradientFunction>;

const OURS = /* @__PURE__ */ Symbol.for('amr.gradient');

/** The registered gradient, if there is one that none of our copies has extended yet. */
export function gradientToExtend(kernel: string): tf.GradConfig | undefined {
  const config = tf.getGradient(kernel);
  return config && !(OURS in config.gradFunc) ? config : undefined;
}

/** Registers a gradient that takes the place of `config` and uses it. */
export function extendGradient(config: tf.GradConfig, gradFunc: GradientFunction): void {
  tf.registerGradient({ ...config, gradFunc: Object.assign(gradFunc, { [OURS]: true }) });
}
