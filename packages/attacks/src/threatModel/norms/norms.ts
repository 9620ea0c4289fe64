import type { NormName } from '../threatModel.js';
import { l1 } from './l1.js';
import { l2 } from './l2.js';
import { linf } from './linf.js';
import type { Norm } from './norm.js';

/** The norms by name. */
export const norms: Readonly<Record<NormName, Norm>> = { linf, l2, l1 };
