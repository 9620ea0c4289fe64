import { batchMatMul } from './batchMatMul.js';
import { conv2d } from './conv2d.js';
import { conv2dBackpropFilter } from './conv2dBackpropFilter.js';
import { conv2dBackpropInput } from './conv2dBackpropInput.js';
import { conv3d } from './conv3d.js';
import { conv3dBackpropFilter } from './conv3dBackpropFilter.js';
import { conv3dBackpropInput } from './conv3dBackpropInput.js';
import type { ComposedKernel } from './kernel.js';
import { slice } from './slice.js';

/** Every kernel that {@link registerWasmKernels} puts in place. */
export const composedKernels: readonly ComposedKernel[] = [
  batchMatMul,
  conv2d,
  conv2dBackpropFilter,
  conv2dBackpropInput,
  conv3d,
  conv3dBackpropFilter,
  conv3dBackpropInput,
  slice,
];
