import type { Check } from '../checkContext/check.js';
import { attackResult } from './attackResult.js';
import { batchDependence } from './batchDependence.js';
import { blackBox } from './blackBox.js';
import { cleanAccuracy } from './cleanAccuracy.js';
import { halfEpsilon } from './halfEpsilon.js';
import { ignoredModality } from './ignoredModality.js';
import { largeEpsilon } from './largeEpsilon.js';
import { probabilities } from './probabilities.js';
import { randomness } from './randomness.js';
import { risingLoss } from './risingLoss.js';
import { saturatedSoftmax } from './saturatedSoftmax.js';
import { singleStep } from './singleStep.js';
import { zeroGradients } from './zeroGradients.js';

/** All checks in order, the cheap ones first. */
export const checks: readonly Check[] = [
  cleanAccuracy,
  probabilities,
  randomness,
  batchDependence,
  zeroGradients,
  ignoredModality,
  saturatedSoftmax,
  attackResult,
  risingLoss,
  singleStep,
  halfEpsilon,
  largeEpsilon,
  blackBox,
];
