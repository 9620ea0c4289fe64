/**
 * Prints the README's table of sizes: parameters and multiply-adds of every network with a classifier, for the number of
 * classes and the input of its publication. It builds the networks, but trains and runs none. `--json FILE` appends a line
 * of JSON to a file.
 */
import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { useBackend } from '@amr/backend';
import {
  agcn,
  ctrgcn,
  type Encoder,
  hcn,
  i3dResNet50,
  mc3,
  multiplyAdds,
  parameterCount,
  r2plus1d,
  r3d,
  resnet1d,
  resnet3d,
  singleStream,
  slowOnly50,
  stgcn,
  stgcnpp,
  x3d,
} from '@amr/encoders';
import { zeroInitialized } from '@amr/testing/networks/zeroInitialized';

const { values: given } = parseArgs({ options: { json: { type: 'string' } } });

const clip = [16, 112, 112, 3] as const;
const large = [8, 256, 256, 3] as const;

/** The call that the table shows, the number of classes in the publication, and the network. */
const networks: [call: string, classes: number, build: () => Encoder][] = [
  ['stgcn({ frames: 300 })', 60, () => stgcn({ frames: 300 })],
  ["stgcn({ frames: 300, partition: 'distance' })", 60, () => stgcn({ frames: 300, partition: 'distance' })],
  ["stgcn({ frames: 300, partition: 'uniform' })", 60, () => stgcn({ frames: 300, partition: 'uniform' })],
  ['stgcnpp({ frames: 100 })', 60, () => stgcnpp({ frames: 100 })],
  ["stgcnpp({ frames: 100, layout: 'coco-17' })", 60, () => stgcnpp({ frames: 100, layout: 'coco-17' })],
  ['agcn({ frames: 300 })', 60, () => agcn({ frames: 300 })],
  ['ctrgcn({ frames: 64 })', 60, () => ctrgcn({ frames: 64 })],
  ['hcn({ frames: 32 })', 60, () => hcn({ frames: 32 })],
  ['hcn({ frames: 64 })', 60, () => hcn({ frames: 64 })],
  ['resnet1d({ inputShape })', 27, () => resnet1d({ inputShape: [180, 6] })],
  ['r3d({ inputShape })', 400, () => r3d({ inputShape: clip })],
  ['r3d({ inputShape, depth: 34 })', 400, () => r3d({ inputShape: clip, depth: 34 })],
  ['mc3({ inputShape })', 400, () => mc3({ inputShape: clip })],
  ['r2plus1d({ inputShape })', 400, () => r2plus1d({ inputShape: clip })],
  ['r2plus1d({ inputShape, depth: 34 })', 400, () => r2plus1d({ inputShape: clip, depth: 34 })],
  ...([10, 18, 34, 50] as const).map((depth): [string, number, () => Encoder] => [
    `resnet3d({ inputShape, depth: ${depth} })`,
    400,
    () => resnet3d({ inputShape: clip, depth }),
  ]),
  ['i3dResNet50({ inputShape })', 400, () => i3dResNet50({ inputShape: large })],
  ['slowOnly50({ inputShape })', 400, () => slowOnly50({ inputShape: large })],
  ...(['xs', 's', 'm', 'l'] as const).map((size): [string, number, () => Encoder] => [
    `x3d({ size: '${size}' })`,
    400,
    () => x3d({ size }),
  ]),
];

await useBackend({ backend: 'cpu' });
const rows = networks.map(([network, classes, build]) => {
  const encoder = zeroInitialized(build);
  const model = zeroInitialized(() => singleStream(encoder, { classes }));
  const row = {
    network,
    classes,
    input: encoder.input.shape.slice(1),
    encoder: parameterCount(encoder.model),
    parameters: parameterCount(model),
    multiplyAdds: multiplyAdds(model),
  };
  model.dispose();
  return row;
});

const grouped = (value: number) => value.toLocaleString('en-US');
const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
console.log(line(['network', 'input', 'encoder', 'with classifier', 'multiply-adds']));
console.log('| --- | --- | ---: | ---: | ---: |');
for (const { network, classes, input, encoder, parameters, multiplyAdds: cost } of rows) {
  const classified = `${grouped(parameters)} at ${classes} classes`;
  console.log(
    line([`\`${network}\``, input.join(' x '), grouped(encoder), classified, `${(cost / 1e9).toFixed(3)} G`]),
  );
}
if (given.json) appendFileSync(given.json, `${JSON.stringify({ benchmark: 'encoders/sizes', rows })}\n`);
