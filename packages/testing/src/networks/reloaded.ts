import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';

/** The model, saved and loaded again, its topology through JSON text as from a file. */
export async function reloaded(saved: LayersModel): Promise<LayersModel> {
  let artifacts: tf.io.ModelArtifacts = {};
  await saved.save(
    tf.io.withSaveHandler(async (given) => {
      artifacts = given;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  artifacts.modelTopology = JSON.parse(JSON.stringify(artifacts.modelTopology));
  return loadLayersModel(tf.io.fromMemory(artifacts));
}

/** Changes every weight a little; variances stay positive. */
export function perturbWeights(
  weighted: { getWeights(): tf.Tensor[]; setWeights(weights: tf.Tensor[]): void },
  seed = 1,
): void {
  tf.tidy(() =>
    weighted.setWeights(
      weighted.getWeights().map((w, i) => tf.add(w, tf.randomUniform(w.shape, 0, 0.3, 'float32', seed + i))),
    ),
  );
}
