import type { Replacement } from '../overrideKernels.js';
import { addN } from './addN.js';
import { rankFive } from './axisByAxis.js';
import { batchMatMul } from './batchMatMul.js';
import { integers } from './integers.js';
import { maxPool3dGrad } from './maxPool3dGrad.js';
import { vectorOperands } from './vectorOperand.js';

/** Every kernel that registerWebgpuKernels installs. */
export const webgpuKernels: readonly Replacement[] = [
  ...vectorOperands,
  addN,
  ...rankFive,
  ...integers,
  batchMatMul,
  maxPool3dGrad,
];
