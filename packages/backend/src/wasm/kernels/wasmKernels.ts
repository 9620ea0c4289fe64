import { batchMatMul } from './batchMatMul.js';
import { conv2d, depthwiseConv2d, fusedConv2d, fusedDepthwiseConv2d } from './conv2d.js';
import { conv2dBackpropFilter } from './conv2dBackpropFilter.js';
import { conv2dBackpropInput } from './conv2dBackpropInput.js';
import { conv3d } from './conv3d.js';
import { conv3dBackpropFilter } from './conv3dBackpropFilter.js';
import { conv3dBackpropInput } from './conv3dBackpropInput.js';
import { depthwiseConv2dBackpropFilter } from './depthwiseConv2dBackpropFilter.js';
import { depthwiseConv2dBackpropInput } from './depthwiseConv2dBackpropInput.js';
import { maximum, minimum } from './extrema.js';
import { identity } from './identity.js';
import type { ComposedKernel } from './kernel.js';
import { maxPool3d, maxPool3dGrad, maxPoolGrad } from './maxPool.js';
import { mean, sum } from './reductions.js';
import { slice } from './slice.js';
import { splitV, unpack } from './split.js';
import { tile } from './tile.js';
import { transpose } from './transpose.js';
import { unsortedSegmentSum } from './unsortedSegmentSum.js';

/** Every kernel that registerWasmKernels installs. */
export const composedKernels: readonly ComposedKernel[] = [
  conv3d,
  conv3dBackpropInput,
  conv3dBackpropFilter,
  conv2d,
  fusedConv2d,
  conv2dBackpropInput,
  conv2dBackpropFilter,
  depthwiseConv2d,
  fusedDepthwiseConv2d,
  depthwiseConv2dBackpropInput,
  depthwiseConv2dBackpropFilter,
  maxPool3d,
  maxPool3dGrad,
  maxPoolGrad,
  batchMatMul,
  identity,
  slice,
  splitV,
  unpack,
  transpose,
  sum,
  mean,
  maximum,
  minimum,
  tile,
  unsortedSegmentSum,
];
