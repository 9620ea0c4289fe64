import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { io } from '@tensorflow/tfjs-core';

/**
 * Reads a model from a folder (`model.json` and the weight files that it names), and writes it as `model.json` and
 * `weights.bin`. tfjs itself can't do this without tfjs-node.
 */
export function modelFolder(folder: string): io.IOHandler {
  return {
    async load() {
      const { modelTopology, weightsManifest } = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
      const groups: io.WeightsManifestConfig = weightsManifest;
      const files = groups.flatMap(({ paths }) => paths.map((path) => readFileSync(join(folder, path))));
      return {
        modelTopology,
        weightSpecs: groups.flatMap(({ weights }) => weights),
        weightData: new Uint8Array(Buffer.concat(files)).buffer,
      };
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
