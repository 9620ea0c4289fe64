import { expect, it } from 'vitest';
import { pysklSplits } from './pysklSplits.js';

it("pairs PYSKL's lists by their names", () => {
  const names = ['train', 'val', 'test', 'xsub_train', 'xsub_val', 'train1', 'test1', 'odd', 'only_train'];
  const splits = pysklSplits(new Map(names.map((name) => [name, [name]])));
  const ids = (train: string[], test: string[]) => ({ ids: { train, test } });
  expect(splits).toEqual({
    default: ids(['train'], ['test']),
    default_val: ids(['train'], ['val']),
    xsub: ids(['xsub_train'], ['xsub_val']),
    split1: ids(['train1'], ['test1']),
    only: ids(['only_train'], []),
    odd: ids([], ['odd']),
  });
});
