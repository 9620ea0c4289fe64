import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { apgd, jointBall } from './index.js';
import { describeInvariants } from './testing/invariants.js';

describeInvariants('apgd', (threat) => apgd(threat, { steps: 8 }), { norms: ['linf', 'l2'] });
describeInvariants('apgd in l1', (threat) => apgd(threat, { steps: 10 }), { norms: ['l1'] });
describeInvariants('apgd with restarts on dlr', (threat) => apgd(threat, { steps: 4, restarts: 2, loss: 'dlr' }), {
  norms: ['linf', 'l2'],
});
describeInvariants('targeted apgd', (threat) => apgd(threat, { steps: 4, targetClasses: 2, loss: 'dlr' }), {
  norms: ['linf', 'l2'],
});
describeInvariants('apgd in two balls', (threat) => apgd(threat, { steps: 6 }), {
  other: { norm: 'l2', epsilon: 0.2 },
});
describeInvariants(
  'apgd in a joint ball',
  ({ a }) => apgd(jointBall('l2', a.epsilon, { a: { ...a, weight: 3 }, b: { weight: 0.5 } }), { steps: 6 }),
  { joint: { a: 3, b: 0.5 } },
);
