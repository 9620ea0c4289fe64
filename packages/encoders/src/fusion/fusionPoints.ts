import { dependsOn } from '@amr/layers';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Encoder } from '../encoder.js';
import { EncoderConfigError } from '../errors.js';

/**
 * A stage of an encoder: its number, the first being 1, the name of its layer, such as `'rgbStage2'`, `'last'`, or
 * `'features'`, the pooled features behind it.
 */
export type StageReference = number | string;

/**
 * One place where modalities meet: `'last'`, the last stage of each encoder; `'features'`, their pooled features; a
 * number, that stage of each; or a stage for each modality by name, as encoders differ in how many they have.
 */
export type FusionPoint = 'last' | 'features' | number | { [modality: string]: StageReference };

/** An encoder in a network of several, and what its modality is called there. */
export interface Stream {
  encoder: Encoder;
  modality: string;
}

/**
 * The tensor of each stream at each place, in the order of the places.
 *
 * @param network how to call the network in messages
 * @throws {EncoderConfigError} when a stage does not exist or the places are not from front to back
 */
export function fusionStages(
  network: string,
  streams: readonly Stream[],
  points: readonly FusionPoint[],
): SymbolicTensor[][] {
  if (points.length === 0) {
    throw new EncoderConfigError(`${network}: got no place in at; expected one or more, such as 'last'.`);
  }
  for (const point of points) {
    if (typeof point !== 'object') continue;
    const modalities = streams.map(({ modality }) => modality);
    const unknown = Object.keys(point).filter((name) => !modalities.includes(name));
    if (unknown.length > 0) {
      throw new EncoderConfigError(
        `${network}: got a stage for ${unknown.join(', ')} in at; expected stages for ${modalities.join(', ')}.`,
      );
    }
  }
  const found = points.map((point) => streams.map((stream) => stageOf(network, stream, point)));
  for (const [m, { encoder, modality }] of streams.entries()) {
    for (let i = 1; i < found.length; i++) {
      const [earlier, later] = [found[i - 1]![m]!, found[i]![m]!];
      if (earlier === later || !dependsOn(later, earlier)) {
        throw new EncoderConfigError(
          `${network}: got ${nameOf(later)} after ${nameOf(earlier)} in at, for ${modality}; expected each stage behind the ` +
            `one before it, in the order ${encoder.stages.map(nameOf).join(', ')}.`,
        );
      }
    }
  }
  return found;
}

function stageOf(network: string, { encoder, modality }: Stream, point: FusionPoint): SymbolicTensor {
  const { stages, features } = encoder;
  const reference = typeof point === 'object' ? point[modality] : point;
  if (reference === 'features') return features;
  const stage =
    reference === 'last'
      ? stages.at(-1)
      : typeof reference === 'number'
        ? stages[reference - 1]
        : stages.find((one) => nameOf(one) === reference);
  if (!stage) {
    throw new EncoderConfigError(
      `${network}: got the stage ${JSON.stringify(reference)} for ${modality}; expected 'last', 'features', a number ` +
        `from 1 to ${stages.length}, or one of ${stages.map(nameOf).join(', ')}.`,
    );
  }
  return stage;
}

/** A stage's name is its layer's: that of the tensor gets a suffix when a name comes up twice in a program. */
function nameOf(stage: SymbolicTensor): string {
  return stage.sourceLayer.name;
}
