import {
  crc32,
  readSafetensors,
  type SafetensorsDtype,
  type SafetensorsEntry,
  SafetensorsError,
  type SafetensorsFile,
  writeSafetensors,
} from '@amr/formats';
import * as tf from '@tensorflow/tfjs-core';
import { CheckpointError } from '../errors.js';
import type { EpochRecord, RunningSums } from '../training/trainingRecord.js';
import type { NamedWeight } from './modelWeights.js';
import { expectedState, optimizerName, optimizerState, restoreOptimizer } from './optimizerState.js';

/** Where a training stands: everything but the tensors. */
export interface TrainingPosition {
  /** Epoch, from 0; equal to the number of epochs when the training is done. */
  epoch: number;
  /** Batches of this epoch that are done. */
  batch: number;
  /** Figures of this epoch so far. */
  sums: RunningSums;
  /** The finished epochs. */
  history: EpochRecord[];
}

/** Settings that a run and its continuation must share, by name. */
export type RunConfig = { [setting: string]: string | number | boolean };

/** The parts of a checkpoint. */
export interface CheckpointParts {
  /** The model's weights. */
  weights: NamedWeight[];
  /** The variables that the optimizer changes, in its order. */
  trainable: tf.Variable[];
  /** The optimizer. */
  optimizer: tf.Optimizer;
  /** The run's settings. */
  config: RunConfig;
}

const FORMAT = 'amr-train-checkpoint';
const VERSION = '1';
const NO_CHECKSUM = '00000000';

/**
 * A safetensors file with the model's weights, the optimizer's state, and in its metadata the position, the settings
 * and a CRC-32 of the whole file (taken with the checksum itself written as zeros).
 */
export async function encodeCheckpoint(
  parts: CheckpointParts,
  position: TrainingPosition,
): Promise<Uint8Array> {
  const { tensors: optimizerTensors, iterations } = optimizerState(parts.optimizer);
  const named: [string, tf.Tensor][] = [
    ...parts.weights.map(({ name, variable }, i): [string, tf.Tensor] => [`model/${i}/${name}`, variable]),
    ...[...optimizerTensors].map(([name, tensor]): [string, tf.Tensor] => [`optimizer/${name}`, tensor]),
  ];
  const tensors = new Map<string, SafetensorsEntry>();
  for (const [name, tensor] of named) tensors.set(name, await entryOf(tensor));
  const bytes = writeSafetensors({
    tensors,
    metadata: {
      format: FORMAT,
      version: VERSION,
      checksum: NO_CHECKSUM,
      optimizer: optimizerName(parts.optimizer),
      iterations: `${iterations}`,
      position: JSON.stringify(position),
      config: JSON.stringify(parts.config),
    },
  });
  const at = checksumAt(bytes)!;
  bytes.set(new TextEncoder().encode(hex(crc32(bytes))), at);
  return bytes;
}

/** A checkpoint that has been read and found to fit; nothing has been changed yet. */
export interface FittingCheckpoint {
  /** Where the training stood. */
  position: TrainingPosition;
  /** Puts the weights and the optimizer's state in place. */
  restore(): void;
}

/**
 * Reads a checkpoint and compares it with the model, the optimizer and the settings that it is to be used with.
 * @throws {CheckpointError} when it is damaged or belongs to something else
 */
export function decodeCheckpoint(bytes: Uint8Array, parts: CheckpointParts): FittingCheckpoint {
  const { tensors, metadata } = readChecked(bytes);
  const position = JSON.parse(metadata['position']!) as TrainingPosition;
  compareConfigs(JSON.parse(metadata['config']!) as RunConfig, parts.config);
  const expected = new Map<string, { shape: number[]; required: boolean }>();
  parts.weights.forEach(({ name, variable }, i) => {
    expected.set(`model/${i}/${name}`, { shape: variable.shape, required: true });
  });
  for (const [name, shape] of expectedState(parts.optimizer, parts.trainable)) {
    // A weight that never got a gradient has no state; scalars are always there.
    expected.set(`optimizer/${name}`, { shape, required: !name.includes('/') });
  }
  compareTensors(tensors, expected);
  return {
    position,
    restore: () =>
      tf.tidy(() => {
        parts.weights.forEach(({ name, variable }, i) => {
          variable.assign(tensorOf(tensors.get(`model/${i}/${name}`)!));
        });
        const state = new Map<string, tf.Tensor>();
        for (const [name, entry] of tensors) {
          if (name.startsWith('optimizer/')) state.set(name.slice('optimizer/'.length), tensorOf(entry));
        }
        restoreOptimizer(parts.optimizer, { tensors: state, iterations: Number(metadata['iterations']) });
      }),
  };
}

/** @throws {CheckpointError} when the bytes are damaged or no checkpoint */
export function readChecked(bytes: Uint8Array): SafetensorsFile {
  let file: SafetensorsFile;
  try {
    file = readSafetensors(bytes);
  } catch (error) {
    if (!(error instanceof SafetensorsError)) throw error;
    throw new CheckpointError(
      'damaged',
      `the checkpoint is damaged or no safetensors file: ${error.message}. It was left as it is; move it away to ` +
        'start anew.',
    );
  }
  const { format, version, checksum } = file.metadata;
  if (format !== FORMAT) {
    throw new CheckpointError(
      'format',
      `the file is no checkpoint of a training: its format is ${JSON.stringify(format)}, expected '${FORMAT}'. It ` +
        'was left as it is; give another path.',
    );
  }
  const at = checksumAt(bytes);
  const zeroed = at === undefined ? undefined : crcWithout(bytes, at, NO_CHECKSUM.length);
  if (zeroed === undefined || hex(zeroed) !== checksum) {
    throw new CheckpointError(
      'damaged',
      `the checkpoint is damaged: its checksum says ${checksum}, its bytes give ${zeroed === undefined ? 'none' : hex(zeroed)}. ` +
        'It was left as it is; move it away to start anew.',
    );
  }
  if (version !== VERSION) {
    throw new CheckpointError(
      'version',
      `the checkpoint has version ${version}, this library reads ${VERSION}`,
    );
  }
  return file;
}

function compareConfigs(found: RunConfig, wanted: RunConfig): void {
  const names = new Set([...Object.keys(found), ...Object.keys(wanted)]);
  const differences = [...names].filter((name) => found[name] !== wanted[name]);
  if (differences.length === 0) return;
  const list = differences.map(
    (name) =>
      `${name}: ${JSON.stringify(found[name])} in the checkpoint, ${JSON.stringify(wanted[name])} now`,
  );
  throw new CheckpointError(
    'config',
    `the checkpoint belongs to a run with other settings (${list.join('; ')}). It was left as it is; use the same ` +
      'settings to go on, or another checkpoint to start anew.',
  );
}

function compareTensors(
  found: ReadonlyMap<string, SafetensorsEntry>,
  expected: ReadonlyMap<string, { shape: number[]; required: boolean }>,
): void {
  const refuse = (what: string) =>
    new CheckpointError(
      'model',
      `the checkpoint belongs to another model: ${what}. It was left as it is; build the model it was made with, or ` +
        'use another checkpoint.',
    );
  for (const [name, { shape, required }] of expected) {
    const entry = found.get(name);
    if (!entry && required) throw refuse(`it lacks '${name}'`);
    if (entry && `${entry.shape}` !== `${shape}`) {
      throw refuse(`'${name}' has shape [${entry.shape}], this model's has [${shape}]`);
    }
  }
  for (const name of found.keys()) {
    if (!expected.has(name)) throw refuse(`it holds '${name}', which this model has not`);
  }
}

const DTYPES: { readonly [dtype: string]: SafetensorsDtype } = { float32: 'F32', int32: 'I32', bool: 'BOOL' };

async function entryOf(tensor: tf.Tensor): Promise<SafetensorsEntry> {
  const values = (await tensor.data()) as Float32Array | Int32Array | Uint8Array;
  return {
    dtype: DTYPES[tensor.dtype]!,
    shape: tensor.shape,
    bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
  };
}

/** A checkpoint's entry as a tensor. */
export function tensorOf({ dtype, shape, bytes }: SafetensorsEntry): tf.Tensor {
  // A copy: the view may not be aligned to its element size.
  const buffer = bytes.slice().buffer;
  if (dtype === 'F32') return tf.tensor(new Float32Array(buffer), shape, 'float32');
  if (dtype === 'I32') return tf.tensor(new Int32Array(buffer), shape, 'int32');
  return tf.tensor(new Uint8Array(buffer), shape, 'bool');
}

const hex = (value: number) => value.toString(16).padStart(8, '0');

/** Where the checksum's eight digits stand in the file. */
function checksumAt(bytes: Uint8Array): number | undefined {
  const key = new TextEncoder().encode('"checksum":"');
  const end = Math.min(bytes.length - key.length - NO_CHECKSUM.length, 1024);
  for (let i = 8; i <= end; i++) {
    if (key.every((byte, j) => bytes[i + j] === byte)) return i + key.length;
  }
  return undefined;
}

function crcWithout(bytes: Uint8Array, start: number, length: number): number {
  const zeros = new TextEncoder().encode('0'.repeat(length));
  return crc32(bytes.subarray(start + length), crc32(zeros, crc32(bytes.subarray(0, start))));
}
