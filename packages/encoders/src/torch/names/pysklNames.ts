import type { TorchNames } from '../torchWeights.js';

/** Modules outside of the blocks. */
const outside: { [layer: string]: string } = {
  InputNorm: 'backbone.data_bn',
  Logits: 'cls_head.fc_cls',
  logits: 'cls_head.fc_cls',
  Classifier: 'cls_head.fc_cls',
};

/** Names after `backbone.gcn.<block>` of ST-GCN, and of 2s-AGCN, which PYSKL has as AAGCN, its successor. */
const ofBlock: { [part: string]: string } = {
  Graph: 'gcn',
  GraphNorm: 'gcn.bn',
  GraphShortcut: 'gcn.down.0',
  GraphShortcutNorm: 'gcn.down.1',
  Temporal: 'tcn.conv',
  TemporalNorm: 'tcn.bn',
  Shortcut: 'residual.conv',
  ShortcutNorm: 'residual.bn',
};

/** Names after `backbone.net.<block>` of CTR-GCN. The temporal branches with dilations have the first numbers. */
function ofCtrgcnBlock(part: string, dilations: number): string | undefined {
  const [, dilated, step] = /^Dilated(\d+)(Reduce|ReduceNorm|Norm|)$/.exec(part) ?? [];
  if (dilated) return `tcn1.branches.${Number(dilated) - 1}.${ofDilated[step!]}`;
  const parts: { [part: string]: string } = {
    Graph: 'gcn1',
    GraphNorm: 'gcn1.bn',
    GraphShortcut: 'gcn1.down.0',
    GraphShortcutNorm: 'gcn1.down.1',
    PooledReduce: `tcn1.branches.${dilations}.0`,
    PooledReduceNorm: `tcn1.branches.${dilations}.1`,
    PooledNorm: `tcn1.branches.${dilations}.4`,
    Pointwise: `tcn1.branches.${dilations + 1}.0`,
    PointwiseNorm: `tcn1.branches.${dilations + 1}.1`,
    Shortcut: 'residual.conv',
    ShortcutNorm: 'residual.bn',
  };
  return Object.hasOwn(parts, part) ? parts[part] : undefined;
}

/** Names after `backbone.gcn.<block>` of ST-GCN++, which normalises its temporal branches all together. */
function ofStgcnppBlock(part: string, dilations: number): string | undefined {
  const [, dilated, step] = /^Dilated(\d+)(Reduce|ReduceNorm|)$/.exec(part) ?? [];
  if (dilated) return `tcn.branches.${Number(dilated) - 1}.${ofDilated[step!]}`;
  const parts: { [part: string]: string } = {
    ...ofBlock,
    PooledReduce: `tcn.branches.${dilations}.0`,
    PooledReduceNorm: `tcn.branches.${dilations}.1`,
    Pointwise: `tcn.branches.${dilations + 1}`,
    BranchesNorm: 'tcn.transform.0',
    Transform: 'tcn.transform.2',
  };
  return Object.hasOwn(parts, part) ? parts[part] : undefined;
}

const ofDilated: { [step: string]: string } = {
  Reduce: '0',
  ReduceNorm: '1',
  '': '3.conv',
  Norm: '3.bn',
};

/**
 * The names of PYSKL's graph networks. Blocks are numbered through all stages. PYSKL normalises over joints and
 * coordinates in that order (`data_bn_type: 'VC'`), as the networks here do.
 */
export const pysklNames: TorchNames = (layer, layers) => {
  if (Object.hasOwn(outside, layer)) return outside[layer];
  const [, block, part] = /^(Stage\d+Block\d+)(.+)$/.exec(layer) ?? [];
  if (!part) return undefined;
  const number = blocksOf(layers).indexOf(block!);
  const dilations = layers.filter((name) => /^Stage1Block1Dilated\d+$/.test(name)).length;
  if (layers.includes('Stage1Block1Transform')) {
    const module = ofStgcnppBlock(part, dilations);
    return module && `backbone.gcn.${number}.${module}`;
  }
  if (layers.includes('Stage1Block1PooledNorm')) {
    const module = ofCtrgcnBlock(part, dilations);
    return module && `backbone.net.${number}.${module}`;
  }
  return Object.hasOwn(ofBlock, part) ? `backbone.gcn.${number}.${ofBlock[part]}` : undefined;
};

/** The blocks of a network, such as `Stage1Block2`, in the order of their numbers. */
function blocksOf(layers: readonly string[]): string[] {
  const blocks = new Map<string, [number, number]>();
  for (const layer of layers) {
    const [block, stage, number] = /^Stage(\d+)Block(\d+)/.exec(layer) ?? [];
    if (block) blocks.set(block, [Number(stage), Number(number)]);
  }
  return [...blocks].sort(([, a], [, b]) => a[0] - b[0] || a[1] - b[1]).map(([block]) => block);
}
