import { attackCases } from './attacks.js';
import type { Case } from './comparison.js';
import { kernelCases } from './kernels.js';
import { networkCases } from './networks.js';
import { trainingCases } from './training.js';

/** All that is compared between WebGPU and cpu, each under a name of its own. */
export const cases: readonly Case[] = [...kernelCases, ...networkCases, ...attackCases, ...trainingCases];
