import * as tf from '@tensorflow/tfjs-core';
import type { AttackLoss } from '../../losses/attackLoss.js';
import { budgetChecks, checkCount, checkNumber, optionKeys, rejectUnknownOptions } from '../../options.js';
import type { Attack } from '../../search/attack.js';
import { type Best, betterOf, evaluatePoint } from '../../search/best.js';
import type { Problem } from '../../search/problem.js';
import { attackFromSearch, type SearchContext } from '../../search/search.js';
import type { Random } from '../../tensors/random.js';
import type { Ball } from '../../threatModel/ball.js';
import { ballSpecsOf } from '../../threatModel/ballSpecs.js';
import { norms } from '../../threatModel/norms/norms.js';
import { project } from '../../threatModel/perturbation.js';
import { attackedModalities, type ThreatModel } from '../../threatModel/threatModel.js';
import type { Blocks } from './blocks/blocks.js';
import { freePlaces, type Grid, gridOf } from './blocks/grid.js';
import { l2Blocks } from './blocks/l2Blocks.js';
import { linfBlocks } from './blocks/linfBlocks.js';
import { sidesOf } from './blocks/window.js';

/** Options of {@link square}. */
export interface SquareOptions {
  /** Forward passes in a restart, the start included. Default 5000. */
  queries?: number;
  /** Number of random restarts; each sample keeps its first success, or else its largest loss. Default 1. */
  restarts?: number;
  /** Share of the places that the first blocks take, above 0 and at most 1: p of the paper. Default 0.8. */
  initialShare?: number;
  /** Number of classifier calls that each loss and prediction averages over, for classifiers that are random (EOT). Default 1. */
  eotSamples?: number;
  /** The loss that a proposal has to raise to be accepted. Default 'cw', the margin. */
  loss?: AttackLoss;
  /**
   * For a modality by name: the axes of the input, the batch's being 0, along which blocks are windows; they span the
   * others. Default: all but the batch's and the last, which holds the colours; in an input of rank 2 the last.
   */
  axes?: { [modality: string]: readonly number[] };
}

/** Queries between two checks of whether every sample is fooled. */
const CHECK_INTERVAL = 100;

const OPTIONS = /* @__PURE__ */ optionKeys<SquareOptions>({
  queries: true,
  restarts: true,
  initialShare: true,
  eotSamples: true,
  loss: true,
  axes: true,
});

/**
 * Square Attack (Andriushchenko et al. 2020): random search by blocks. It uses logits only, so a masked gradient doesn't
 * stop it, and AutoAttack contains it to notice one. A proposal changes a box of places at random, and is kept in each
 * sample whose loss it raises. Samples that are fooled stay as they are.
 *
 * An input's last axis holds colours, the other axes but the batch's number its places: pixels and frames, or joints,
 * frames and persons. A box takes the same share of each axis, so it is a square in a square image; `axes` can make
 * it span some of them. In linf (algorithm 2) it is painted with epsilon or -epsilon, a sign for each colour, from a
 * start of stripes along the last of those axes. In l2 (algorithm 3) it takes the mass of another box, in the form of
 * a pair of bumps, from a start of tiles of such pairs. Its share of the places, `initialShare` at first, is halved
 * after 0.1, 0.5, 2, 5, 10, 20, 40, 60 and 80 % of the queries. Several inputs are changed together in one query, then
 * each alone; in a joint l2 ball mass moves within and between the inputs in turn. With a mask the share is
 * of the places that are free, and each box holds one of them.
 *
 * Costs `queries` times `eotSamples` forward passes in a restart, and no backward pass. It ends early when every sample is fooled, which it
 * checks every 100 queries, in the first 100 every 10.
 *
 * Differs from the AutoAttack repository (also 5000 queries and p = 0.8; torchattacks has it from there, Foolbox has no
 * such attack) in these: the start is one of the queries; boxes reach the last row and column, which the original never
 * moves; each sample has its own box, where the original has one for the batch; the signs of a linf box that would change nothing
 * are reversed; in l2 the mass of the two boxes goes to each colour as it was there (algorithm 3 and the authors' own
 * repository); boxes shrink to three places in a line rather than to 3 by 3, which on linear models gains a tenth on
 * images and two fifths on skeletons; tiles cover the whole input; and inputs may be shorter than 5 along an axis.
 * @param threatModel what the adversary may change and by how much, in 'linf' or 'l2'
 * @throws {ThreatModelError} when the threat model is not valid, or a budget is in 'l1'
 * @throws {AttackOptionsError} when an option is unknown or outside its values
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { type Classifier, square } from '@amr/attacks';
 * const weights = tf.randomNormal([48, 3], 0, 1, 'float32', 1);
 * // Steps hide the gradient, which is 0, from attacks that need it.
 * const classifier: Classifier = ({ x }) =>
 *   tf.matMul(tf.round(tf.mul(tf.reshape(x!, [-1, 48]), 50)), weights) as tf.Tensor2D;
 * const attack = square({ x: { norm: 'linf', epsilon: 0.1, range: [0, 1] } }, { queries: 100 });
 * const clean = { x: tf.randomUniform([5, 4, 4, 3], 0, 1, 'float32', 2) };
 * const labels = tf.argMax(classifier(clean), 1) as tf.Tensor1D;
 * const adversarial = await attack.perturb(classifier, clean, labels, { seed: 1 });
 * console.log(await tf.notEqual(tf.argMax(classifier(adversarial), 1), labels).data()); // 1 where fooled
 * ```
 */
export function square(threatModel: ThreatModel, options: SquareOptions = {}): Attack {
  rejectUnknownOptions('square', options, OPTIONS);
  const { queries = 5000, restarts = 1, initialShare = 0.8, eotSamples, loss = 'cw', axes = {} } = options;
  checkCount('square.queries', queries);
  checkCount('square.restarts', restarts);
  const isShare = (value: number) => value > 0 && value <= 1;
  checkNumber('square.initialShare', initialShare, isShare, 'a number above 0 and at most 1');
  const attack = attackFromSearch({ name: 'square', threatModel, loss, eotSamples }, (problem, context) =>
    searchByBlocks({ queries, restarts, initialShare, axes }, problem, context),
  );
  for (const { norm, modalities } of ballSpecsOf(threatModel)) {
    budgetChecks.checkOption(
      `threatModel.${Object.keys(modalities).join('+')}.norm`,
      norm,
      norm !== 'l1',
      "'linf' or 'l2', in which square works",
      'Give it one of these, or leave square out.',
    );
  }
  rejectUnknownOptions('square.axes', axes, attackedModalities(threatModel));
  return attack;
}

/** A ball with everything that a search by blocks needs to know of it. */
interface Canvas {
  readonly ball: Ball;
  /** The blocks of its norm. */
  readonly blocks: Blocks;
  /** Its modalities. */
  readonly grids: readonly Grid[];
  /** For each modality the number of places that may change, by row. */
  readonly free: readonly (readonly number[])[];
}

/** Sides of windows by ball, modality and axis, `[rows, 1]` each. */
type Sides = tf.Tensor2D[][][];

/** The best points of a restart, in which rows that an earlier restart fooled stay as they are, and the best of all earlier restarts. */
interface State {
  run: Best;
  before?: Best;
}

async function searchByBlocks(
  { queries, restarts, initialShare, axes }: Required<Omit<SquareOptions, 'loss' | 'eotSamples'>>,
  problem: Problem,
  context: SearchContext,
): Promise<readonly tf.Tensor2D[]> {
  const { random } = context;
  const canvases = await canvasesOf(problem, axes, context);
  const start = () =>
    evaluatePoint(
      problem,
      canvases().map(({ ball, blocks, grids }) => project(ball, blocks.start(ball, grids, random))),
    );
  const state = context.scratch.state((): State => ({ run: start() }));
  const sides = context.scratch.state((): Sides => []);
  let robust = true;
  for (let restart = 1; restart <= restarts && robust; restart++) {
    if (restart > 1)
      state.advance((value) => ({ run: restartRun(value.run, start()), before: bestOfRuns(value) }));
    let share = 0;
    for (let query = 2; query <= queries && robust; query++) {
      await context.monitor.yieldToEventLoop();
      const now = shareOf(query - 2, queries, initialShare);
      if (now !== share) sides.advance(() => canvases().map((canvas) => sidesIn(canvas, now)));
      share = now;
      state.advance(({ run, before }) => {
        const next = proposal(canvases(), sides.value, query - 2, run.deltas, random);
        return { run: betterOf(run, evaluatePoint(problem, next)), before };
      });
      const { deltas, loss, success } = state.value.run;
      await context.monitor.report({ step: query, steps: queries, restart, restarts }, deltas, loss);
      if (query % (query < CHECK_INTERVAL ? CHECK_INTERVAL / 10 : CHECK_INTERVAL) === 0) {
        const fooled = [...(await context.monitor.checkFinite(success))].map((flag) => flag === 1);
        robust = fooled.includes(false);
        context.rows.remove(fooled, () => bestOfRuns(state.value));
      }
    }
  }
  state.advance((value) => ({ run: bestOfRuns(value) }));
  return state.value.run.deltas;
}

function bestOfRuns({ run, before }: State): Best {
  return before ? betterOf(before, run) : run;
}

/** The new start for rows that have not been fooled. */
function restartRun(run: Best, start: Best): Best {
  return betterOf({ ...run, loss: tf.fill(run.loss.shape, -Infinity) }, start);
}

/**
 * The next proposal. All inputs move in the first of some proposals, then each alone: together they raise the loss sooner,
 * but later on what one input gains another loses.
 */
function proposal(
  canvases: readonly Canvas[],
  sides: Sides,
  turn: number,
  deltas: readonly tf.Tensor2D[],
  random: Random,
): tf.Tensor2D[] {
  const modalities = sides.flat().length;
  const cycle = modalities === 1 ? 1 : modalities + 1;
  const round = Math.floor(turn / cycle);
  const alone = turn % cycle;
  let number = 0;
  return canvases.map(({ ball, blocks, grids }, i) => {
    const areas = grids.map((grid, j) => ({ grid, sides: sides[i]![j]! }));
    const moving = [...grids.keys()].filter(() => ++number === alone || alone === 0);
    if (moving.length === 0) return deltas[i]!;
    return project(ball, blocks.next(ball, areas, { moving, round }, deltas[i]!, random));
  });
}

/** Parts of 10,000 of the queries after which blocks get half as large; the paper gives them for 10,000 queries. */
const HALVINGS = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000];

/** The share of the places that a block takes, p of the paper, in a proposal counted from 0. */
export function shareOf(proposal: number, queries: number, initial: number): number {
  const at = Math.floor((proposal / queries) * 10_000);
  return initial / 2 ** HALVINGS.filter((halving) => at > halving).length;
}

/** Sides of windows with a share of the free places, by modality and axis. */
function sidesIn({ blocks, grids, free }: Canvas, share: number): tf.Tensor2D[][] {
  return grids.map((grid, i) => {
    const rows = free[i]!.map((places) => blocks.sides(grid, sidesOf(grid, share * places)));
    return grid.sizes.map((_, axis) =>
      tf.tensor2d(
        rows.map((sides) => sides[axis]!),
        [rows.length, 1],
      ),
    );
  });
}

/** A function that gives the canvases of the active rows. */
async function canvasesOf(
  problem: Problem,
  axes: NonNullable<SquareOptions['axes']>,
  context: SearchContext,
): Promise<() => Canvas[]> {
  const gridsIn = ({ parts }: Ball) => parts.map((part) => gridOf(part, axes[part.modality]));
  const masks = problem.balls.map((ball) =>
    ball.free ? context.scratch.state(() => gridsIn(ball).map((grid) => freePlaces(ball, grid))) : undefined,
  );
  /** For each ball and modality the free places of each row of the batch. */
  const free: (readonly number[])[][] = [];
  for (const [i, ball] of problem.balls.entries()) {
    free.push([]);
    for (const [j, { places }] of gridsIn(ball).entries()) {
      const mask = masks[i]?.value[j];
      free[i]!.push(
        mask ? [...(await context.monitor.checkFinite(mask.count))] : Array(ball.rows).fill(places),
      );
    }
  }
  return () =>
    problem.balls.map((ball, i) => ({
      ball,
      blocks: ball.norm === norms.linf ? linfBlocks : l2Blocks,
      grids: gridsIn(ball).map((grid, j) => ({ ...grid, free: masks[i]?.value[j] })),
      free: free[i]!.map((rows) => context.rows.active.map((row) => rows[row]!)),
    }));
}
