import * as tf from '@tensorflow/tfjs-core';
import type { Random } from '../../../tensors/random.js';
import { type Ball, columnsOf } from '../../../threatModel/ball.js';
import { joinColumns } from '../../../threatModel/ballPart.js';
import type { Area, Blocks } from './blocks.js';
import { bumps } from './bumps.js';
import { coordinatesOf, type Grid } from './grid.js';
import { signs } from './signs.js';
import { drawWindow, insideOf, localIn } from './window.js';

/** Guards a division by the length of a colour that is 0. The squares of entries below it vanish in float32. */
const MIN_LENGTH = 1e-18;
/** Tiles along each axis at the start. */
const TILES = 5;

/** Andriushchenko et al. 2020, algorithm 3: the mass of one window is put into another one. */
export const l2Blocks: Blocks = {
  /** Tiles of a fifth of each axis, in each a pair of bumps with a sign for each colour; all modalities alike. */
  start(ball, grids, random) {
    const start = joinColumns(grids.map((grid) => ball.norm.direction(tiles(ball, grid, random), ball)));
    return tf.mul(ball.norm.direction(start, ball), ball.epsilon);
  },

  /** Odd sides, so that bumps have a middle, and at least three places in a line along the longest axis. */
  sides({ sizes, windowed }, sides) {
    const axes = [...sizes.keys()].filter((axis) => windowed[axis]);
    const longest = axes.reduce((a, b) => (sizes[b]! > sizes[a]! ? b : a));
    const odd = sides.map((side, axis) =>
      windowed[axis] ? Math.min(side + 1 - (side % 2), sizes[axis]!) : side,
    );
    const single = axes.every((axis) => odd[axis] === 1);
    return odd.map((side, axis) => (single && axis === longest ? Math.min(3, sizes[axis]!) : side));
  },

  /** One of the inputs that move receives mass, in turn, each time from another input of the ball or from itself. */
  next(ball, areas, { moving, round }, delta, random) {
    const to = areas[moving[round % moving.length]!]!;
    const from = areas[Math.floor(round / moving.length) % areas.length]!;
    return moveMass(ball, from, to, delta, random);
  },
};

function tiles(ball: Ball, grid: Grid, random: Random): tf.Tensor2D {
  const { sizes, windowed, places, colors, part } = grid;
  const { rows } = ball;
  const sides = sizes.map((size, axis) => (windowed[axis] ? Math.ceil(size / TILES) : size));
  const local = sizes.map((size, axis) => {
    const inTile = tf.mod<tf.Tensor>(tf.range(0, size), sides[axis]!);
    return tf.tile(tf.expandDims<tf.Tensor2D>(inTile, 0), [rows, 1]);
  });
  const pairs = bumps(
    grid,
    local,
    sides.map((side) => tf.fill([rows, 1], side)),
    tf.ones([rows, places]),
    random,
  );

  const counts = sizes.map((size, axis) => Math.ceil(size / sides[axis]!));
  const tileOf = new Int32Array(places);
  for (const [axis, count] of counts.entries()) {
    for (const [place, index] of coordinatesOf(grid, axis).entries()) {
      tileOf[place] = tileOf[place]! * count + Math.floor(index / sides[axis]!);
    }
  }
  const all = counts.reduce((product, count) => product * count);
  const drawn = tf.reshape(signs(random, rows, all * colors), [rows, all, colors]);
  const start = tf.mul<tf.Tensor3D>(
    tf.expandDims(pairs, 2),
    tf.gather(drawn, tf.tensor1d(tileOf, 'int32'), 1),
  );
  return tf.reshape(freeIn(grid, start), [rows, part.size]);
}

/**
 * Empties a window, and gives its mass and what is left of the budget to another window, colour by colour, in the form of
 * what was there plus a pair of bumps. Between two modalities the mass goes to all colours of the other alike.
 */
function moveMass(ball: Ball, from: Area, to: Area, delta: tf.Tensor2D, random: Random): tf.Tensor2D {
  const { rows, epsilon, norm } = ball;
  const within = from.grid === to.grid;
  const window = drawWindow(to.grid, to.sides, random);
  const inside = insideOf(to.grid, window);
  const filled = tf.expandDims<tf.Tensor3D>(inside, 2);
  const emptied = tf.expandDims<tf.Tensor3D>(
    insideOf(from.grid, drawWindow(from.grid, from.sides, random)),
    2,
  );
  const entries = ({ part, places, colors }: Grid) =>
    tf.reshape<tf.Rank.R3>(columnsOf(ball, part, delta), [rows, places, colors]);
  const old = entries(to.grid);
  const source = within ? old : entries(from.grid);

  const touched = within ? tf.maximum(filled, emptied) : filled;
  const unused = tf.relu(tf.sub(tf.square(epsilon), tf.square(norm.length(delta))));
  const taken = within ? 0 : tf.sum(tf.square(tf.mul(source, emptied)), [1, 2], true);
  const spare = tf.add(tf.reshape(unused, [rows, 1, 1]), taken);
  const mass = tf.add(tf.sum(tf.square(tf.mul(old, touched)), 1, true), tf.div(spare, to.grid.colors));

  const sign = tf.reshape(signs(random, rows, to.grid.colors), [rows, 1, to.grid.colors]);
  const pair = tf.expandDims(bumps(to.grid, localIn(to.grid, window), window.sides, inside, random), 2);
  const fresh = freeIn(to.grid, tf.mul<tf.Tensor3D>(pair, sign));
  const form = unitColors(tf.add(unitColors(fresh), unitColors(tf.mul(old, filled))));
  const next = tf.add(tf.mul(old, tf.sub(1, touched)), tf.mul(form, tf.sqrt(mass)));

  const parts = ball.parts.map((part) => {
    if (part === to.grid.part) return tf.reshape<tf.Rank.R2>(next, [rows, part.size]);
    if (part !== from.grid.part) return columnsOf(ball, part, delta);
    return tf.reshape<tf.Rank.R2>(tf.mul(source, tf.sub(1, emptied)), [rows, part.size]);
  });
  return tf.mul(norm.direction(joinColumns(parts), ball), epsilon);
}

/** Each colour of each row divided by its length. */
function unitColors(entries: tf.Tensor3D): tf.Tensor3D {
  return tf.div(entries, tf.maximum(tf.sqrt(tf.sum(tf.square(entries), 1, true)), MIN_LENGTH));
}

function freeIn({ free }: Grid, entries: tf.Tensor3D): tf.Tensor3D {
  return free ? tf.mul(entries, free.entries) : entries;
}
