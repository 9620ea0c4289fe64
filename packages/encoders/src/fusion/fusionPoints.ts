import { dependsOn } from '@amr/layers';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { Encoder } from '../encoder.js';
import { EncoderConfigError } from '../errors.js';
import { checkOption, rejectUnknownOptions } from '../options.js';

/**
 * A stage of an encoder: its number, the first being 1, the name of its layer, such as `'rgbStage2'`, `'last'`, or
 * `'features'`, the pooled features after the last stage.
 */
export type StageReference = number | string;

/**
 * One point of the encoders where modalities are fused: `'last'`, the last stage of each encoder; `'features'`, their
 * pooled features; a number, that stage of each; or a stage for each modality by name, as encoders differ in how many
 * they have.
 */
export type FusionPoint = 'last' | 'features' | number | { [modality: string]: StageReference };

/** An encoder in a network of several, and the name of its modality there. */
export interface Stream {
  encoder: Encoder;
  modality: string;
}

/**
 * The tensor of each stream at each fusion point, in the order of the points.
 *
 * @param network name of the network, for messages
 * @throws {EncoderConfigError} when a stage does not exist or the points are not in the order of the layers
 */
export function fusionStages(
  network: string,
  streams: readonly Stream[],
  points: readonly FusionPoint[],
): SymbolicTensor[][] {
  const modalities = streams.map(({ modality }) => modality);
  checkOption(`${network}.at`, points, points.length > 0, "one fusion point or more, such as 'last'");
  const stages = points.map((point, i) => {
    const path = points.length === 1 ? `${network}.at` : `${network}.at[${i}]`;
    if (typeof point === 'object') rejectUnknownOptions(path, point, modalities);
    return streams.map((stream) => stageOf(path, stream, point));
  });
  for (const [m, stream] of streams.entries()) {
    checkOrder(
      network,
      stream,
      stages.map((point) => point[m]!),
    );
  }
  return stages;
}

function stageOf(path: string, { encoder, modality }: Stream, point: FusionPoint): SymbolicTensor {
  const { stages, features } = encoder;
  const reference = typeof point === 'object' ? point[modality] : point;
  if (reference === 'features') return features;
  const stage =
    reference === 'last'
      ? stages.at(-1)
      : typeof reference === 'number'
        ? stages[reference - 1]
        : stages.find((one) => nameOf(one) === reference);
  const names = stages.map(nameOf).join(', ');
  const name = typeof point === 'object' ? `${path}.${modality}` : path;
  const expected = `'last', 'features', a number from 1 to ${stages.length}, or one of ${names} for ${modality}`;
  checkOption(name, reference, stage !== undefined, expected);
  return stage!;
}

/** Refuses a stage of an encoder that does not come after the stage of the point before. */
function checkOrder(network: string, { encoder, modality }: Stream, stages: readonly SymbolicTensor[]): void {
  for (let i = 1; i < stages.length; i++) {
    const [earlier, later] = [stages[i - 1]!, stages[i]!];
    if (earlier !== later && dependsOn(later, earlier)) continue;
    throw new EncoderConfigError(
      `${network}.at[${i}]: got ${nameOf(later)} after ${nameOf(earlier)} for ${modality}; expected a stage that comes ` +
        `after it, in the order ${encoder.stages.map(nameOf).join(', ')}.`,
    );
  }
}

/** A stage's name is that of its layer: tfjs adds a suffix to the tensor's when a name comes up twice in a program. */
function nameOf(stage: SymbolicTensor): string {
  return stage.sourceLayer.name;
}
