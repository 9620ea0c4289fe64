import * as tf from '@tensorflow/tfjs-core';

/**
 * Sparse codes of the rows of x in a dictionary: h = argmin of 1/2 |h D - x|^2 + sparsity * |h|_1, approximated by
 * FISTA (Beck, Teboulle, "A fast iterative shrinkage-thresholding algorithm", SIAM J. Imaging Sciences 2009, section 4)
 * from h = 0. The number of steps is fixed, so the gradient with respect to x is that of these steps. The
 * dictionary and the rate are constants without a gradient; they must not be disposed of before the gradient is computed.
 *
 * @param x [batch, C]
 * @param dictionary D, [slots, C]; rows of zeros get the code 0
 * @param rate r, [1], the step size, at most 1 / (largest eigenvalue of D D^T); at 0 all codes are 0
 * @returns h, [batch, slots]
 */
export function sparseCodes(
  x: tf.Tensor2D,
  dictionary: tf.Tensor2D,
  rate: tf.Tensor1D,
  { sparsity, steps }: { sparsity: number; steps: number },
): tf.Tensor2D {
  const betas = momentumOfSteps(steps);
  // The gradient is written by hand: for its own, tfjs would copy the dictionary in each product and transpose it in each
  // one's gradient, which takes the wasm backend six times as long as everything else.
  const encode = tf.customGrad((given, save) => {
    const codes = fista(given as tf.Tensor2D, dictionary, rate, sparsity, betas);
    (save as tf.GradSaveFunc)(codes.map((h) => tf.step(tf.abs(h))));
    return {
      value: codes.at(-1)!,
      gradFunc: (dy: tf.Tensor, active: tf.Tensor[]) =>
        tf.tidy(() => fistaGradient(dy as tf.Tensor2D, active, dictionary, rate, betas)),
    };
  });
  return encode(x) as tf.Tensor2D;
}

/** Nesterov's momentum beta of each step: (t_k - 1) / t_{k+1} with t_1 = 1 and t_{k+1} = (1 + sqrt(1 + 4 t_k^2)) / 2. */
function momentumOfSteps(steps: number): number[] {
  let t = 1;
  return Array.from({ length: steps }, () => {
    const next = (1 + Math.sqrt(1 + 4 * t ** 2)) / 2;
    const beta = (t - 1) / next;
    t = next;
    return beta;
  });
}

/**
 * The codes after each step: h_k = shrink(y_k - r (y_k D - x) D^T) and y_{k+1} = h_k + beta_k (h_k - h_{k-1}), from
 * h_0 = y_1 = 0.
 */
function fista(
  x: tf.Tensor2D,
  dictionary: tf.Tensor2D,
  rate: tf.Tensor1D,
  sparsity: number,
  betas: readonly number[],
): tf.Tensor2D[] {
  // Transposed once, by a separate operation, for the same reason.
  const transposed = tf.transpose(dictionary) as tf.Tensor2D;
  const threshold = tf.mul(rate, sparsity);
  const shrink = (v: tf.Tensor): tf.Tensor2D =>
    tf.sub(tf.relu(tf.sub(v, threshold)), tf.relu(tf.neg(tf.add(v, threshold))));
  const codes = [shrink(tf.mul(tf.matMul(x, transposed), rate))];
  let ahead = codes[0]!; // beta_1 is 0
  for (const beta of betas.slice(1)) {
    const residual = tf.sub(tf.matMul(ahead, dictionary), x) as tf.Tensor2D;
    const next = shrink(tf.sub(ahead, tf.mul(tf.matMul(residual, transposed), rate)));
    ahead = tf.add(next, tf.mul(tf.sub(next, codes.at(-1)!), beta));
    codes.push(next);
  }
  return codes;
}

/**
 * The gradient with respect to x.
 * @param dy the gradient with respect to the last codes
 * @param active for each step, 1 where the code is not 0
 */
function fistaGradient(
  dy: tf.Tensor2D,
  active: readonly tf.Tensor[],
  dictionary: tf.Tensor2D,
  rate: tf.Tensor1D,
  betas: readonly number[],
): tf.Tensor2D {
  const transposed = tf.transpose(dictionary) as tf.Tensor2D;
  let gradX: tf.Tensor = tf.zeros([dy.shape[0], dictionary.shape[1]]);
  // The gradients with respect to h_k and to y_{k+1}; the last step has no y_{k+1}.
  let gradCodes: tf.Tensor = dy;
  let gradAhead: tf.Tensor = tf.zerosLike(dy);
  for (let k = active.length - 1; k >= 0; k--) {
    const beta = betas[k]!;
    const inside = tf.mul(tf.add(gradCodes, tf.mul(gradAhead, 1 + beta)), active[k]!) as tf.Tensor2D;
    const back = tf.mul(tf.matMul(inside, dictionary), rate) as tf.Tensor2D;
    gradX = tf.add(gradX, back);
    gradCodes = tf.mul(gradAhead, -beta);
    if (k > 0) gradAhead = tf.sub(inside, tf.matMul(back, transposed));
  }
  return gradX as tf.Tensor2D;
}
