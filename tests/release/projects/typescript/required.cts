// The types of the CommonJS builds: TypeScript takes them for a file that requires.
import attacks = require('@amr/attacks');
import backend = require('@amr/backend');
import datasets = require('@amr/datasets');
import datasetsNode = require('@amr/datasets/node');
import encoders = require('@amr/encoders');
import formats = require('@amr/formats');
import layers = require('@amr/layers');
import train = require('@amr/train');
import trainNode = require('@amr/train/node');

const reweighter: layers.AttentionModalityReweighter = new layers.AttentionModalityReweighter();
const attack: attacks.Attack = attacks.pgd({ skeleton: { norm: 'l2', epsilon: 1 } });
const functions: ((...args: never[]) => unknown)[] = [
  backend.useBackend,
  datasets.fromArrays,
  datasetsNode.preparedFolder,
  encoders.twoStream,
  formats.readTensorFile,
  train.evaluateRobustness,
  trainNode.fileStore,
];
console.log(
  JSON.stringify({
    layer: reweighter.getClassName(),
    attack: typeof attack.perturb,
    functions: functions.length,
  }),
);
