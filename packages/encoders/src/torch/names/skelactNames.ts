import type { TorchNames } from '../torchWeights.js';

const names: { [layer: string]: string } = {
  Conv5: 'backbone.conv5.0',
  Conv6: 'backbone.conv6.0',
  Fc7: 'backbone.fc7.0',
  Logits: 'cls_head.fc',
  logits: 'cls_head.fc',
  Classifier: 'cls_head.fc',
};
for (const [branch, module] of [
  ['Point', 'net_l'],
  ['Motion', 'net_m'],
] as const) {
  for (let conv = 1; conv <= 4; conv++) names[`${branch}Conv${conv}`] = `backbone.${module}.${2 * conv - 2}`;
}

/** The names of HCN in skelact, its authors' code. */
export const skelactNames: TorchNames = (layer) => (Object.hasOwn(names, layer) ? names[layer] : undefined);
