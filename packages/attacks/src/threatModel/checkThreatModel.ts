import * as tf from '@tensorflow/tfjs-core';
import { budgetChecks, optionKeys } from '../options.js';
import { ballSpecsOf } from './ballSpecs.js';
import { checkBound, checkDtype } from './bound.js';
import {
  attackedModalities,
  type Bound,
  type Budget,
  isJointBall,
  type JointBall,
  type JointBudget,
  type ThreatModel,
} from './threatModel.js';

const { checkOneOf, checkOption, checkPositive, rejectUnknownOptions } = budgetChecks;

const JOINT_BALL_KEYS = /* @__PURE__ */ optionKeys<JointBall>({
  kind: true,
  norm: true,
  epsilon: true,
  modalities: true,
});
const JOINT_BUDGET_KEYS = /* @__PURE__ */ optionKeys<JointBudget>({
  stepSize: true,
  range: true,
  scale: true,
  mask: true,
  constraints: true,
});
const BUDGET_KEYS = /* @__PURE__ */ optionKeys<Budget>({
  norm: true,
  epsilon: true,
  stepSize: true,
  range: true,
  scale: true,
  mask: true,
  constraints: true,
});

/**
 * Checks what can be checked without the inputs.
 * @param options.allowInfiniteEpsilon whether epsilon may be infinite, as minimal-perturbation attacks allow. Default false
 * @param options.path what the threat model is called in messages. Default 'threatModel'
 * @throws {ThreatModelError} that names the value by its path, as in `threatModel.rgb.epsilon`
 */
export function checkThreatModel(
  threatModel: ThreatModel,
  { allowInfiniteEpsilon = false, path = 'threatModel' } = {},
): void {
  const example = "{ rgb: { norm: 'linf', epsilon: 8 / 255 } }";
  checkOption(path, threatModel, isObject(threatModel), `budgets by modality, as in ${example}`);
  const joint = isJointBall(threatModel);
  if (joint) {
    rejectUnknownOptions(path, threatModel, JOINT_BALL_KEYS);
    checkOption(`${path}.modalities`, threatModel.modalities, isObject(threatModel.modalities), 'an object');
  }
  const names = attackedModalities(threatModel);
  checkOption(path, threatModel, names.length > 0, `a budget for one modality or more, as in ${example}`);
  const paths = Object.fromEntries(names.map((name) => [name, budgetPath(threatModel, name, path)]));
  for (const name of names) {
    const budget = (joint ? threatModel.modalities : threatModel)[name];
    checkOption(paths[name]!, budget, isObject(budget), "a budget, such as { norm: 'linf', epsilon: 0.02 }");
    checkBudget(paths[name]!, budget!, joint ? JOINT_BUDGET_KEYS : BUDGET_KEYS);
  }
  for (const { norm, epsilon, modalities } of ballSpecsOf(threatModel)) {
    const ball = joint ? path : paths[Object.keys(modalities)[0]!]!;
    checkOneOf(`${ball}.norm`, norm, joint ? ['linf', 'l2'] : ['linf', 'l2', 'l1']);
    checkEpsilon(`${ball}.epsilon`, epsilon, allowInfiniteEpsilon);
  }
}

/** What a modality's budget is called in messages. @param path what the threat model is called */
export function budgetPath(threatModel: ThreatModel, modality: string, path = 'threatModel'): string {
  return isJointBall(threatModel) ? `${path}.modalities.${modality}` : `${path}.${modality}`;
}

function checkEpsilon(path: string, epsilon: unknown, allowInfinite: boolean): void {
  if (typeof epsilon === 'number') {
    const good = epsilon >= 0 && (allowInfinite || epsilon < Infinity);
    checkOption(path, epsilon, good, `a ${allowInfinite ? '' : 'finite '}number that is 0 or more`);
  } else {
    const good = epsilon instanceof tf.Tensor && epsilon.rank === 1;
    checkOption(path, epsilon, good, 'a number or a tensor of shape [batch]');
    checkDtype(path, epsilon as tf.Tensor, ['float32', 'int32']);
  }
}

function checkBudget(path: string, budget: Budget | JointBudget, keys: readonly string[]): void {
  rejectUnknownOptions(path, budget, keys);
  const { stepSize, range, scale, mask, constraints }: JointBudget = budget;
  if (stepSize !== undefined) checkPositive(`${path}.stepSize`, stepSize);
  if (range !== undefined) checkRange(`${path}.range`, range);
  if (scale !== undefined) {
    const good = (value: number) => value > 0 && value < Infinity;
    checkBound(`${path}.scale`, scale, good, 'a finite number above 0');
  }
  if (mask !== undefined) {
    const good = typeof mask === 'function' || mask instanceof tf.Tensor;
    checkOption(`${path}.mask`, mask, good, 'a tensor of 1 and 0, or a function that makes one of the input');
    if (typeof mask !== 'function') checkDtype(`${path}.mask`, mask, ['float32', 'int32', 'bool']);
  }
  if (constraints !== undefined) {
    const good = Array.isArray(constraints) && constraints.every((rule) => typeof rule?.apply === 'function');
    checkOption(
      `${path}.constraints`,
      constraints,
      good,
      'an array of constraints, objects with a function apply',
    );
  }
}

/**
 * Refuses a range that is not two bounds, or two numbers that are not in rising order. Arrays and tensors are compared with
 * each other once the input is known.
 * @throws {ThreatModelError} that names the range, or the entry of an array, by its path
 */
export function checkRange(path: string, range: readonly [Bound, Bound]): void {
  const pair = Array.isArray(range) && range.length === 2;
  checkOption(path, range, pair, '[smallest, largest] with smallest below largest');
  const [low, high] = range;
  const rising = typeof low !== 'number' || typeof high !== 'number' || low < high;
  checkOption(path, range, rising, '[smallest, largest] with smallest below largest');
  for (const [i, end] of range.entries()) {
    checkBound(`${path}[${i}]`, end, (value) => !Number.isNaN(value), 'a number');
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
