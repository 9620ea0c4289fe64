import { jointBall } from './index.js';
import { square } from './square.js';
import { describeInvariants } from './testing/invariants.js';

describeInvariants('square', (threat) => square(threat, { queries: 8 }), { norms: ['linf', 'l2'] });
describeInvariants('square with restarts', (threat) => square(threat, { queries: 4, restarts: 2 }), {
  norms: ['linf', 'l2'],
});
describeInvariants('square in two balls', (threat) => square(threat, { queries: 9 }), {
  norms: ['linf', 'l2'],
  other: { norm: 'l2', epsilon: 0.2 },
});
describeInvariants(
  'square in a joint ball',
  ({ a }) =>
    square(jointBall('l2', a.epsilon, { a: { ...a, weight: 3 }, b: { weight: 0.5 } }), { queries: 9 }),
  { norms: ['l2'], joint: { a: 3, b: 0.5 } },
);
