import { describeInvariants } from '@amr/testing/attacks/invariants';
import { deepfool } from '../index.js';

describeInvariants('deepfool', (threat) => deepfool(threat, { steps: 6, candidates: 3 }), {
  rightAtFirst: true,
  infinite: true,
});
describeInvariants('deepfool in two balls', (threat) => deepfool(threat, { steps: 6, candidates: 3 }), {
  rightAtFirst: true,
  infinite: true,
  other: { norm: 'l1', epsilon: 0.2 },
  numRuns: 5,
});
