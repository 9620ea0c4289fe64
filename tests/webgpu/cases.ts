import { attackCases } from './attacks.js';
import type { Case } from './comparison.js';
import { kernelCases } from './kernels.js';
import { networkCases } from './networks.js';
import { trainingCases } from './training.js';

/** All cases that are compared between WebGPU and cpu, with unique names. */
export const cases: readonly Case[] = [...kernelCases, ...networkCases, ...attackCases, ...trainingCases];
