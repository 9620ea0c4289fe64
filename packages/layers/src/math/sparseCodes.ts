import * as tf from '@tensorflow/tfjs-core';

/**
 * Sparse codes of x in a dictionary, for each row: h = argmin of 1/2 |h D - x|^2 + sparsity * |h|_1, approached by
 * FISTA (Beck, Teboulle, "A fast iterative shrinkage-thresholding algorithm", SIAM J. Imaging Sciences 2009, section 4)
 * from h = 0. The number of steps is fixed, so the gradient for x is that of the steps themselves. The dictionary and
 * the rate are constants, without gradient, and must not be disposed of before the gradient is taken.
 *
 * @param x [batch, C]
 * @param dictionary D, [slots, C]; rows of zeros get the code 0
 * @param rate r, [1], the step's length, at most 1 / (largest eigenvalue of D D^T); at 0 all codes are 0
 * @returns h, [batch, slots]
 */
export function sparseCodes(
  x: tf.Tensor2D,
  dictionary: tf.Tensor2D,
  rate: tf.Tensor1D,
  { sparsity, steps }: { sparsity: number; steps: number },
): tf.Tensor2D {
  const betas = momenta(steps);
  // The gradient by hand: tfjs would copy the dictionary in each product to keep it, and turn it in each one to
  // differentiate, which takes wasm six times as long as the rest.
  const coded = tf.customGrad((given, save) => {
    const codes = descent(given as tf.Tensor2D, dictionary, rate, sparsity, betas);
    (save as tf.GradSaveFunc)(codes.map((h) => tf.step(tf.abs(h))));
    return {
      value: codes.at(-1)!,
      gradFunc: (dy: tf.Tensor, active: tf.Tensor[]) =>
        tf.tidy(() => adjoint(dy as tf.Tensor2D, active, dictionary, rate, betas)),
    };
  });
  return coded(x) as tf.Tensor2D;
}

/** beta of each step: (t_k - 1) / t_{k+1} with t_1 = 1 and t_{k+1} = (1 + sqrt(1 + 4 t_k^2)) / 2. */
function momenta(steps: number): number[] {
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
function descent(
  x: tf.Tensor2D,
  dictionary: tf.Tensor2D,
  rate: tf.Tensor1D,
  sparsity: number,
  betas: readonly number[],
): tf.Tensor2D[] {
  // Turned once, by an operation of its own, for the same reason.
  const transposed = tf.transpose(dictionary) as tf.Tensor2D;
  const threshold = tf.mul(rate, sparsity);
  const shrunk = (v: tf.Tensor): tf.Tensor2D =>
    tf.sub(tf.relu(tf.sub(v, threshold)), tf.relu(tf.neg(tf.add(v, threshold))));
  const codes = [shrunk(tf.mul(tf.matMul(x, transposed), rate))];
  let ahead = codes[0]!; // beta_1 is 0
  for (const beta of betas.slice(1)) {
    const residual = tf.sub(tf.matMul(ahead, dictionary), x) as tf.Tensor2D;
    const next = shrunk(tf.sub(ahead, tf.mul(tf.matMul(residual, transposed), rate)));
    ahead = tf.add(next, tf.mul(tf.sub(next, codes.at(-1)!), beta));
    codes.push(next);
  }
  return codes;
}

/** The gradient for x, given that for the last codes and, of each step, 1 where the code is not 0. */
function adjoint(
  dy: tf.Tensor2D,
  active: readonly tf.Tensor[],
  dictionary: tf.Tensor2D,
  rate: tf.Tensor1D,
  betas: readonly number[],
): tf.Tensor2D {
  const transposed = tf.transpose(dictionary) as tf.Tensor2D;
  let forX: tf.Tensor = tf.zeros([dy.shape[0], dictionary.shape[1]]);
  // What reaches h_k, and what reaches y_{k+1}, of which the last step has none.
  let forCodes: tf.Tensor = dy;
  let forAhead: tf.Tensor = tf.zerosLike(dy);
  for (let k = active.length - 1; k >= 0; k--) {
    const beta = betas[k]!;
    const inside = tf.mul(tf.add(forCodes, tf.mul(forAhead, 1 + beta)), active[k]!) as tf.Tensor2D;
    const back = tf.mul(tf.matMul(inside, dictionary), rate) as tf.Tensor2D;
    forX = tf.add(forX, back);
    forCodes = tf.mul(forAhead, -beta);
    if (k > 0) forAhead = tf.sub(inside, tf.matMul(back, transposed));
  }
  return forX as tf.Tensor2D;
}
