import type { Interval } from './reportData.js';
import type { ThreatModelDescription } from './threatModelDescription.js';

/** One point of a curve. */
export interface CurvePoint {
  /** Multiple of the budgets. */
  scale: number;
  /** Fraction in [0, 1] of all samples that is still classified correctly. */
  accuracy: number;
  /** Wilson's 95 % interval. */
  interval: Interval;
}

/** The curve of one condition. */
export interface CurveCondition extends ThreatModelDescription {
  /** The condition's name. */
  name: string;
  /** From the smallest scale to the largest. */
  points: CurvePoint[];
}

/** Robust accuracy against the size of the perturbation. */
export interface RobustnessCurve {
  /** The attack's name. */
  attack: string;
  /** Number of samples. */
  samples: number;
  /** One curve for each condition; its budgets are those of scale 1. */
  conditions: CurveCondition[];
}
