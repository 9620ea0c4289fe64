import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../../tensors/random.js';
import { type Ball, columnsOf } from '../../../threatModel/ball.js';
import { joinColumns } from '../../../threatModel/ballPart.js';
import type { Area, Blocks } from './blocks.js';
import { coordinatesOf, type Grid } from './grid.js';
import { signs } from './signs.js';
import { drawWindow, insideOf } from './window.js';

/** Andriushchenko et al. 2020, algorithm 2: blocks of -epsilon or epsilon, a sign for each colour. */
export const linfBlocks: Blocks = {
  /**
   * Stripes: a sign for each colour and each index of the last axis along which blocks are windows, the same along
   * all other axes.
   */
  start(ball, grids, random) {
    return tf.mul(joinColumns(grids.map((grid) => stripes(ball, grid, random))), ball.epsilon);
  },

  sides: (_, sides) => [...sides],

  /** Paints a window of each input that moves. Where this would change nothing, all signs are reversed. */
  next(ball, areas, { moving }, delta, random) {
    return joinColumns(
      areas.map((area, i) =>
        moving.includes(i) ? repaint(ball, area, delta, random) : columnsOf(ball, area.grid.part, delta),
      ),
    );
  },
};

function stripes({ rows }: Ball, grid: Grid, random: Random): tf.Tensor2D {
  const axis = grid.windowed.lastIndexOf(true);
  const size = grid.sizes[axis]!;
  const drawn = tf.reshape(signs(random, rows, size * grid.colors), [rows, size, grid.colors]);
  const painted = tf.gather(drawn, tf.tensor1d(coordinatesOf(grid, axis), 'int32'), 1);
  return tf.reshape(painted, [rows, grid.part.size]);
}

function repaint(ball: Ball, { grid, sides }: Area, delta: tf.Tensor2D, random: Random): tf.Tensor2D {
  const { part, places, colors } = grid;
  const { rows } = ball;
  const window = tf.reshape(insideOf(grid, drawWindow(grid, sides, random)), [rows, places, 1]);
  const drawn = tf.reshape(signs(random, rows, colors), [rows, 1, colors]);
  const block = tf.reshape<tf.Rank.R2>(tf.mul(window, drawn), [rows, part.size]);
  const old = columnsOf(ball, part, delta);
  const paint = tf.mul<tf.Tensor2D>(block, ball.epsilon);
  const outside = tf.equal(block, 0);
  const unchanged = tf.logicalOr(outside, tf.equal(clipToBounds(ball, grid, paint), old));
  const idle = tf.cast(tf.all<tf.Tensor2D>(unchanged, 1, true), 'float32');
  return tf.where(outside, old, tf.mul<tf.Tensor2D>(paint, tf.sub(1, tf.mul(2, idle))));
}

/** A modality's perturbation, clipped to range and mask. */
function clipToBounds(ball: Ball, { part }: Grid, columns: tf.Tensor2D): tf.Tensor2D {
  if (!ball.bounds) return columns;
  const { lower, upper } = ball.bounds;
  return tf.maximum(tf.minimum(columns, columnsOf(ball, part, upper)), columnsOf(ball, part, lower));
}
