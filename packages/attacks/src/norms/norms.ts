import type { NormName } from '../threatModel';
import { l1 } from './l1';
import { l2 } from './l2';
import { linf } from './linf';
import type { Norm } from './norm';

/** The norms by name. */
export const norms: Readonly<Record<NormName, Norm>> = { linf, l2, l1 };
