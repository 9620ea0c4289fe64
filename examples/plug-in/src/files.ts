import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { io } from '@tensorflow/tfjs-core';

/** Reads and writes a model in a folder, as `model.json` and `weights.bin`: tfjs itself can't without tfjs-node. */
export function modelFolder(folder: string): io.IOHandler {
  return {
    async load() {
      const { modelTopology, weightsManifest } = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
      const bytes = new Uint8Array(readFileSync(join(folder, 'weights.bin')));
      return { modelTopology, weightSpecs: weightsManifest[0].weights, weightData: bytes.buffer };
    },
    async save({ modelTopology, weightSpecs, weightData }) {
      mkdirSync(folder, { recursive: true });
      const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
      const json = { format: 'layers-model', modelTopology, weightsManifest };
      writeFileSync(join(folder, 'model.json'), `${JSON.stringify(json)}\n`);
      writeFileSync(join(folder, 'weights.bin'), new Uint8Array(io.CompositeArrayBuffer.join(weightData)));
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
    },
  };
}
