import { describeInvariants, jointBudgetOf } from '@amr/testing/attacks/invariants';
import { cw, jointBall } from '../../index.js';

const options = { steps: 10, binarySearchSteps: 3, initialConstant: 0.1, learningRate: 0.1 };
describeInvariants('cw', (threat) => cw(threat, options), {
  norms: ['l2'],
  rightAtFirst: true,
  infinite: true,
  numRuns: 7,
});
describeInvariants('cw in two balls', (threat) => cw(threat, options), {
  norms: ['l2'],
  rightAtFirst: true,
  infinite: true,
  numRuns: 5,
  other: { norm: 'l2', epsilon: 0.2 },
});
describeInvariants(
  'cw in a joint ball',
  ({ a }) => cw(jointBall('l2', a.epsilon, { a: jointBudgetOf(a, 1 / 3), b: { scale: 2 } }), options),
  { norms: ['l2'], rightAtFirst: true, infinite: true, numRuns: 5, joint: { a: 1 / 3, b: 2 } },
);
