import type { SplitRule } from '../../source/splitRule.js';

/**
 * PYSKL's lists of names as splits of two parts. Lists whose names differ only in `train` and `val` or `test` belong together:
 * `xsub_train` and `xsub_val` are split `xsub`, `train1` and `test1` are `split1`, `train` and `val` are `default`. When there are
 * both, `test` is the test part, and the split with `val` as its test part has the suffix `_val`. A list without a partner becomes a
 * split with one empty part.
 */
export function pysklSplits(lists: ReadonlyMap<string, readonly string[]>): { [name: string]: SplitRule } {
  const splits = new Map<string, SplitRule>();
  const used = new Set<string>();
  for (const [name, train] of lists) {
    if (!name.includes('train')) continue;
    used.add(name);
    const base = splitName(name.replace('train', ''));
    const partners = ['test', 'val'].flatMap((part) => {
      const partner = name.replace('train', part);
      const test = lists.get(partner);
      return test ? [{ part, partner, test }] : [];
    });
    partners.forEach(({ part, partner, test }, i) => {
      used.add(partner);
      splits.set(i === 0 ? base : `${base}_${part}`, { ids: { train, test } });
    });
    if (partners.length === 0) splits.set(base, { ids: { train, test: [] } });
  }
  for (const [name, test] of lists) if (!used.has(name)) splits.set(name, { ids: { train: [], test } });
  return Object.fromEntries(splits);
}

function splitName(rest: string): string {
  const name = rest.replace(/^[_-]+|[_-]+$/g, '').replace(/__+/g, '_');
  if (name === '') return 'default';
  return /^\d+$/.test(name) ? `split${name}` : name;
}
