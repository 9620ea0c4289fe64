import { readFileSync } from 'node:fs';
import {
  agcn,
  ctrgcn,
  type Encoder,
  hcn,
  i3dResNet50,
  importTorchWeights,
  mc3,
  r2plus1d,
  r3d,
  resnet3d,
  singleStream,
  slowOnly50,
  stgcn,
  stgcnpp,
  twoStream,
  x3d,
} from '@amr/encoders';
import { type RestoredWeights, restoreWeights } from '@amr/train';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Settings, StreamName } from './settings/settings.js';

/** A network, and the encoders in it, which share their weights with it. */
export interface Network {
  readonly model: LayersModel;
  readonly encoders: { readonly [stream in StreamName]?: Encoder };
}

const GRAPH_NETWORKS = { stgcn, stgcnpp, agcn, ctrgcn };
const RESNETS = { r3d, mc3, r2plus1d, resnet3d };
const INFLATED = { i3dResNet50, slowOnly50 };

/** Frames that a stream's network reads: all prepared ones, unless the settings say fewer. */
export const framesOf = ({ models, prepare }: Settings, stream: StreamName): number =>
  models[stream].frames ?? prepare[stream].frames;

/** The encoder of a stream; its input and the names of its layers are called after the modality. */
function encoderOf(settings: Settings, stream: StreamName, seed: number): Encoder {
  return stream === 'video'
    ? videoEncoder(settings, 1000 * seed)
    : skeletonEncoder(settings, 1000 * seed + 500);
}

function videoEncoder(settings: Settings, seed: number): Encoder {
  const { modality, channels } = settings.streams.video;
  const { size, frames: _, ...own } = settings.models.video;
  const inputShape = [framesOf(settings, 'video'), size, size, channels] as const;
  const common = { inputShape, name: modality, seed };
  switch (own.network) {
    case 'i3dResNet50':
    case 'slowOnly50': {
      const { network, ...options } = own;
      return INFLATED[network]({ ...options, ...common });
    }
    case 'x3d': {
      const { network: _, ...options } = own;
      return x3d({ ...options, ...common });
    }
    default: {
      const { network, poolStride, ...options } = own;
      const pool = poolStride && { poolStride: poolStride === 'none' ? null : poolStride };
      return RESNETS[network]({ ...options, ...pool, ...common });
    }
  }
}

function skeletonEncoder(settings: Settings, seed: number): Encoder {
  const { modality, layout, persons, coordinates, confidence } = settings.streams.skeleton;
  const { frames: _, ...own } = settings.models.skeleton;
  const frames = framesOf(settings, 'skeleton');
  const common = { frames, persons, coordinates, confidence, layout, name: modality, seed };
  if (own.network === 'hcn') {
    const { network: _, ...options } = own;
    return hcn({ ...options, ...common });
  }
  const { network, ...options } = own;
  return GRAPH_NETWORKS[network]({ ...options, ...common });
}

/** One stream with a classifier. The same seed gives its encoder the same first weights in every network. */
export function buildStream(settings: Settings, stream: StreamName, seed: number, classes: number): Network {
  const encoder = encoderOf(settings, stream, seed);
  const { dropout } = settings.models;
  const model = singleStream(encoder, { classes, dropout, seed: 1000 * seed + 800 });
  return { model, encoders: { [stream]: encoder } };
}

/**
 * The two-stream network of a defence. With the same seed all have the same first weights in encoders and heads; they
 * differ in what the fusion adds.
 */
export function buildDefence(settings: Settings, defence: string, seed: number, classes: number): Network {
  const { fusion, at, reweighter } = settings.defences[defence]!;
  const encoders = {
    video: encoderOf(settings, 'video', seed),
    skeleton: encoderOf(settings, 'skeleton', seed),
  };
  const model = twoStream({
    rgb: encoders.video,
    skeleton: encoders.skeleton,
    classes,
    fusion,
    ...(at !== undefined && { at }),
    ...(reweighter && { reweighter }),
    returnWeights: fusion === 'amr',
    dropout: settings.models.dropout,
    seed: 1000 * seed + 900,
  });
  return { model, encoders };
}

/**
 * Sets one encoder's weights to those of a checkpoint of {@link buildStream}'s network, by name: the network's other
 * layers, the trained stream's classifier and its optimizer are left alone.
 * @throws {CheckpointError} when the checkpoint is damaged or of another encoder
 */
export function startFromStream(
  network: Network,
  stream: StreamName,
  checkpoint: Uint8Array,
): RestoredWeights {
  const result = restoreWeights(network.encoders[stream]!.model, checkpoint, { part: true });
  const unexpected = result.skipped.find((name) => !name.startsWith('logits/'));
  if (unexpected === undefined) return result;
  throw new Error(
    `checkpoint: got one of another ${stream} network, with '${unexpected}'; expected the weights of this one. Train the streams again, in another folder.`,
  );
}

/** Names of classifiers in published files, whose classes are those of other data. */
const CLASSIFIERS = /(^|\.)(fc\d*|fc_cls|proj)\.(weight|bias)$/;

/**
 * Sets an encoder's weights to those of a PyTorch file, without its classifier.
 * @throws {TorchImportError} when the file is of another network
 */
export async function startFromTorch(network: Network, stream: StreamName, file: string): Promise<void> {
  await importTorchWeights(network.encoders[stream]!.model, readFileSync(file), {
    skip: (name) => CLASSIFIERS.test(name),
  });
}
