import type { TorchNames } from './torchWeights.js';

const outside: { [layer: string]: string } = {
  InputNorm: 'backbone.data_bn',
  Logits: 'cls_head.fc_cls',
  logits: 'cls_head.fc_cls',
  Classifier: 'cls_head.fc_cls',
};

/** Behind `backbone.gcn.<block>`: ST-GCN. */
const ofBlock: { [part: string]: string } = {
  Graph: 'gcn',
  GraphNorm: 'gcn.bn',
  Temporal: 'tcn.conv',
  TemporalNorm: 'tcn.bn',
  Shortcut: 'residual.conv',
  ShortcutNorm: 'residual.bn',
};

/**
 * The names of PYSKL's graph networks. Blocks are counted through all stages. PYSKL normalises over joints and
 * coordinates in that order (`data_bn_type: 'VC'`), as the networks here do.
 */
export const pysklNames: TorchNames = (layer, layers) => {
  if (Object.hasOwn(outside, layer)) return outside[layer];
  const [, block, part] = /^(Stage\d+Block\d+)(.+)$/.exec(layer) ?? [];
  if (!part || !Object.hasOwn(ofBlock, part)) return undefined;
  return `backbone.gcn.${blocksOf(layers).indexOf(block!)}.${ofBlock[part]}`;
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
