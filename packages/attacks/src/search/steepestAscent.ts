import * as tf from '@tensorflow/tfjs-core';
import { MIN_LENGTH } from '../threatModel/norms/norm.js';
import { feasibleGradient } from '../threatModel/perturbation.js';
import type { UpdateRule } from './gradientAttack.js';

/**
 * A step of `stepSize` along the norm's steepest direction, in every ball at once.
 * @param momentum decay of the sum of past gradients, each divided by its l1 length (Dong et al. 2018, eq. 6); with 0 a
 *   step follows the present gradient alone
 */
export function steepestAscent(momentum = 0): UpdateRule {
  return ({ balls, deltas, gradients, memory }) => {
    const velocities = gradients.map((gradient, i) =>
      momentum === 0 ? gradient : accumulate(gradient, memory[i] as tf.Tensor2D | undefined, momentum),
    );
    return {
      deltas: balls.map((ball, i) => {
        const followed = ball.norm.sparse
          ? feasibleGradient(ball, deltas[i]!, velocities[i]!)
          : velocities[i]!;
        return tf.add(deltas[i]!, tf.mul(ball.norm.direction(followed, ball), ball.stepSize));
      }),
      memory: momentum === 0 ? [] : velocities,
    };
  };
}

function accumulate(gradient: tf.Tensor2D, velocity: tf.Tensor2D | undefined, momentum: number): tf.Tensor2D {
  const length = tf.sum(tf.abs(gradient), 1, true);
  const unit = tf.div<tf.Tensor2D>(gradient, tf.maximum(length, MIN_LENGTH));
  return velocity ? tf.add(tf.mul(velocity, momentum), unit) : unit;
}
