import type * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../../tensors/random.js';
import type { Ball } from '../../../threatModel/ball.js';
import type { Grid } from './grid.js';

/** What Square Attack does differently in each norm. All are functions of a row alone, called inside `tf.tidy`. */
export interface Blocks {
  /** The first point, on the boundary of the ball, not yet clipped to range and mask. */
  start(ball: Ball, grids: readonly Grid[], random: Random): tf.Tensor2D;
  /** The sides of windows, adapted to the update. */
  sides(grid: Grid, sides: readonly number[]): number[];
  /** A change of the perturbation inside windows, not yet clipped to range and mask. */
  next(ball: Ball, areas: readonly Area[], turn: Turn, delta: tf.Tensor2D, random: Random): tf.Tensor2D;
}

/** Which of a ball's inputs change in a proposal. */
interface Turn {
  /** Their numbers, one or more. */
  readonly moving: readonly number[];
  /** How often these inputs have moved, for blocks that alternate between them. */
  readonly round: number;
}

/** A grid and the size of the windows in it. */
export interface Area {
  /** The grid. */
  readonly grid: Grid;
  /** Sides of a window along its axes, `[rows, 1]` each. */
  readonly sides: readonly tf.Tensor2D[];
}
