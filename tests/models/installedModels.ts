import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import { io } from '@tensorflow/tfjs-core';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';

/*
 * Models that others have trained, as their npm packages hold them. The packages are installed for these files only: their
 * own code needs other packages, which pnpm-workspace.yaml leaves out.
 */

const require = createRequire(import.meta.url);

/** A model of nsfwjs, an image classifier with 5 classes, from its files in the form of CommonJS modules. */
function nsfwjs(name: string, shards: number): Promise<io.ModelArtifacts> {
  const folder = join(dirname(require.resolve('nsfwjs')), '..', 'models', name);
  const bytes = Array.from({ length: shards }, (_, i) =>
    Buffer.from(require(join(folder, `group1-shard${i + 1}of${shards}.min.js`)) as string, 'base64'),
  );
  return artifacts(require(join(folder, 'model.min.js')) as io.ModelJSON, bytes);
}

/** MobileNet v2 as a LayersModel that ends in `dense(5, softmax)`, `[batch, 224, 224, 3]` in [0, 1]. */
export async function mobileNetLayers(): Promise<LayersModel> {
  return loadLayersModel(io.fromMemory(await nsfwjs('mobilenet_v2', 1)));
}

/** Another MobileNet v2 as a GraphModel that ends in a Softmax node, with the same inputs and classes. */
export async function mobileNetGraph(): Promise<GraphModel> {
  return loadGraphModel(io.fromMemory(await nsfwjs('mobilenet_v2_mid', 2)));
}

/** Basic Pitch, a GraphModel: sound `[batch, 43844, 1]` in [-1, 1] in, for each of 172 frames 88 yes/no answers out. */
export async function basicPitch(): Promise<GraphModel> {
  const folder = join(dirname(require.resolve('@spotify/basic-pitch/package.json')), 'model');
  const json = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')) as io.ModelJSON;
  return loadGraphModel(
    io.fromMemory(await artifacts(json, [readFileSync(join(folder, 'group1-shard1of1.bin'))])),
  );
}

function artifacts(json: io.ModelJSON, bytes: Buffer[]): Promise<io.ModelArtifacts> {
  return io.getModelArtifactsForJSON(json, async (manifest) => [
    manifest.flatMap(({ weights }) => weights),
    new Uint8Array(Buffer.concat(bytes)).buffer,
  ]);
}
