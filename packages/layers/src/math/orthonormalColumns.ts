import * as tf from '@tensorflow/tfjs-core';

/**
 * The matrix with orthonormal columns that is nearest to W: its polar factor W (W^T W)^(-1/2), differentiable. The
 * inverse root comes from the coupled Newton-Schulz iteration (Higham, "Functions of Matrices", 2008, eq. 6.35) on the
 * small [columns, columns] matrix; two steps on the tall matrix then remove the rounding error. The iteration uses matrix
 * products only, which have gradients and are fast on all backends, and reads nothing back from the backend.
 *
 * The columns of the result are orthonormal to float precision as long as W's largest singular value is at most
 * about 1000 times its smallest.
 *
 * @param matrix W, [rows, columns], rows >= columns, of full rank
 * @returns [rows, columns]
 */
export function orthonormalColumns(matrix: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => {
    const product = (a: tf.Tensor, b: tf.Tensor) => tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D);
    const identity = tf.eye(matrix.shape[1]);
    const gram = product(tf.transpose(matrix), matrix);
    // The Frobenius norm bounds the largest eigenvalue, so y's eigenvalues lie in (0, 1], where the iteration converges.
    const norm = tf.norm(gram);
    let y: tf.Tensor = tf.div(gram, norm);
    let inverseRoot: tf.Tensor = identity;
    for (let i = 0; i < 20; i++) {
      const correction = tf.sub(tf.mul(identity, 1.5), tf.mul(product(inverseRoot, y), 0.5));
      y = product(y, correction);
      inverseRoot = product(correction, inverseRoot);
    }
    let columns: tf.Tensor = tf.div(product(matrix, inverseRoot), tf.sqrt(norm));
    for (let i = 0; i < 2; i++) {
      const overlaps = product(tf.transpose(columns), columns);
      columns = product(columns, tf.sub(tf.mul(identity, 1.5), tf.mul(overlaps, 0.5)));
    }
    return columns as tf.Tensor2D;
  });
}
