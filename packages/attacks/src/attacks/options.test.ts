import { describe, expect, it } from 'vitest';
import { AttackOptionsError } from '../errors.js';
import type { ThreatModel } from '../threatModel/threatModel.js';
import { alternating } from './alternating.js';
import { apgd } from './apgd/apgd.js';
import { autoAttack } from './autoAttack/autoAttack.js';
import { bim } from './bim.js';
import { cw } from './cw/cw.js';
import { deepfool } from './deepfool.js';
import { fab } from './fab.js';
import { fgsm } from './fgsm.js';
import { frameDropping } from './frameDropping.js';
import { greedySplit } from './greedySplit.js';
import { mifgsm } from './mifgsm.js';
import { missingModality } from './missingModality.js';
import { noise } from './noise.js';
import { pgd } from './pgd.js';
import { square } from './square/square.js';
import { worstCase } from './worstCase.js';

const threat: ThreatModel = { a: { norm: 'linf', epsilon: 1 }, b: { norm: 'linf', epsilon: 1 } };
const l2: ThreatModel = { a: { norm: 'l2', epsilon: 1 } };
const make = (options: object) => ({
  alternating: () => alternating(threat, options),
  apgd: () => apgd(threat, options),
  autoAttack: () => autoAttack(threat, options),
  bim: () => bim(threat, options),
  cw: () => cw(l2, options),
  deepfool: () => deepfool(threat, options),
  fab: () => fab(threat, options),
  fgsm: () => fgsm(threat, options),
  frameDropping: () => frameDropping({ a: { axis: 1 } }, options),
  greedySplit: () => greedySplit(threat, options),
  mifgsm: () => mifgsm(threat, options),
  missingModality: () => missingModality('a', options),
  noise: () => noise(threat, options),
  pgd: () => pgd(threat, options),
  square: () => square(threat, options),
  worstCase: () => worstCase({ both: threat }, options),
});
const names = Object.keys(make({})) as (keyof ReturnType<typeof make>)[];

describe('unknown options', () => {
  it.each(names)('of %s are refused, with the path of the option', (name) => {
    const attempt = make({ zzzzzzzzz: 1 })[name];
    expect(attempt).toThrow(AttackOptionsError);
    expect(attempt).toThrow(new RegExp(`^${name}\\.zzzzzzzzz: got an unknown option; expected `));
    expect(make({})[name]).not.toThrow();
  });

  it.each<[(typeof names)[number], string, string]>([
    ['pgd', 'iterations', 'steps'],
    ['pgd', 'iters', 'steps'],
    ['pgd', 'num_restarts', 'restarts'],
    ['apgd', 'nb_iter', 'steps'],
    ['bim', 'max_iter', 'steps'],
    ['mifgsm', 'rand_init', 'randomStart'],
    ['square', 'querys', 'queries'],
    ['cw', 'confidance', 'confidence'],
    ['autoAttack', 'versoin', 'version'],
    ['noise', 'repeat', 'repeats'],
  ])('of %s suggest the known name: %s is %s', (name, given, known) => {
    expect(make({ [given]: 5 })[name]).toThrow(
      `${name}.${given}: got an unknown option; expected ${known}. Rename it.`,
    );
  });
});
