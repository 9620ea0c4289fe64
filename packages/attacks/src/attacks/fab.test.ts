import { describeInvariants } from '@amr/testing/attacks/invariants';
import { fab } from '../index.js';

describeInvariants('fab', (threat) => fab(threat, { steps: 4, targetClasses: 2 }), {
  rightAtFirst: true,
  infinite: true,
  numRuns: 7,
});
describeInvariants(
  'fab on all boundaries at once, with restarts',
  (threat) => fab(threat, { steps: 2, targeted: false, targetClasses: 2, restarts: 2 }),
  { rightAtFirst: true, infinite: true, numRuns: 5 },
);
describeInvariants('fab in two balls', (threat) => fab(threat, { steps: 3, targetClasses: 2 }), {
  rightAtFirst: true,
  infinite: true,
  other: { norm: 'l2', epsilon: 0.2 },
  numRuns: 5,
});
