import {
  crc32,
  readSafetensors,
  type SafetensorsDtype,
  type SafetensorsEntry,
  SafetensorsError,
  type SafetensorsFile,
  writeSafetensors,
} from '@amr/formats';
import { formatValue } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { CheckpointError } from '../errors.js';
import type { NamedWeight } from './modelWeights.js';
import { expectedState, optimizerName, optimizerState, restoreOptimizer } from './optimizerState.js';
import type { TrainingPosition } from './trainingPosition.js';

/** Settings, by name, that must be equal for a run to resume from a checkpoint. */
export type RunFingerprint = { [setting: string]: string | number | boolean };

/** The parts of a checkpoint. */
export interface CheckpointParts {
  /** The model's weights. */
  weights: NamedWeight[];
  /** The variables that the optimizer changes, in its order. */
  trainable: tf.Variable[];
  /** The optimizer. */
  optimizer: tf.Optimizer;
  /** The run's settings. */
  fingerprint: RunFingerprint;
}

const FORMAT = 'amr-train-checkpoint';
const VERSION = '1';
const NO_CHECKSUM = '00000000';
const MOVE_AWAY = 'It stays unchanged; move it away to start again.';

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
      config: JSON.stringify(parts.fingerprint),
    },
  });
  const at = checksumAt(bytes)!;
  bytes.set(new TextEncoder().encode(hex(crc32(bytes))), at);
  return bytes;
}

/** A checkpoint that was read and that fits. Nothing has been changed yet. */
export interface FittingCheckpoint {
  /** How far the training was. */
  position: TrainingPosition;
  /** Sets the weights and the optimizer's state. */
  restore(): void;
}

/**
 * Reads a checkpoint and compares it with the model, the optimizer and the settings that it is to be used with.
 * @throws {CheckpointError} when it is damaged or belongs to something else
 */
export function decodeCheckpoint(bytes: Uint8Array, parts: CheckpointParts): FittingCheckpoint {
  const { tensors, metadata } = readChecked(bytes);
  const position = JSON.parse(metadata['position']!) as TrainingPosition;
  compareFingerprints(JSON.parse(metadata['config']!) as RunFingerprint, parts.fingerprint);
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

/**
 * Reads a checkpoint and verifies its checksum.
 * @throws {CheckpointError} when the bytes are damaged or not a checkpoint
 */
export function readChecked(bytes: Uint8Array): SafetensorsFile {
  let file: SafetensorsFile;
  try {
    file = readSafetensors(bytes);
  } catch (error) {
    if (!(error instanceof SafetensorsError)) throw error;
    throw new CheckpointError(
      'damaged',
      `checkpoint: got bytes that are damaged or not a safetensors file (${error.message}); expected a checkpoint of a ` +
        `training. ${MOVE_AWAY}`,
    );
  }
  const { format, version, checksum } = file.metadata;
  if (format !== FORMAT) {
    throw new CheckpointError(
      'format',
      `checkpoint.format: got ${formatValue(format)}; expected '${FORMAT}'. The file is not a checkpoint of a training. ` +
        'It stays unchanged; use another path.',
    );
  }
  const at = checksumAt(bytes);
  const zeroed = at === undefined ? undefined : crcWithout(bytes, at, NO_CHECKSUM.length);
  if (zeroed === undefined || hex(zeroed) !== checksum) {
    throw new CheckpointError(
      'damaged',
      `checkpoint.checksum: got ${checksum}; expected ${zeroed === undefined ? 'eight digits' : hex(zeroed)}, the checksum of ` +
        `its bytes. The checkpoint is damaged. ${MOVE_AWAY}`,
    );
  }
  if (version !== VERSION) {
    throw new CheckpointError(
      'version',
      `checkpoint.version: got ${formatValue(version)}; expected '${VERSION}'. Resume with the version of @amr/train that wrote it.`,
    );
  }
  return file;
}

function compareFingerprints(found: RunFingerprint, expected: RunFingerprint): void {
  const names = new Set([...Object.keys(found), ...Object.keys(expected)]);
  const differences = [...names].filter((name) => found[name] !== expected[name]);
  if (differences.length === 0) return;
  const list = differences.map(
    (name) =>
      `${name}: ${JSON.stringify(found[name])} in the checkpoint, ${JSON.stringify(expected[name])} now`,
  );
  throw new CheckpointError(
    'config',
    `checkpoint: got a run with other settings (${list.join('; ')}); expected those of this run. It stays unchanged; use ` +
      'the same settings to resume, or another checkpoint to start again.',
  );
}

function compareTensors(
  found: ReadonlyMap<string, SafetensorsEntry>,
  expected: ReadonlyMap<string, { shape: number[]; required: boolean }>,
): void {
  const refusal = (got: string, wanted: string) =>
    new CheckpointError(
      'model',
      `checkpoint: got ${got}; expected ${wanted}. It belongs to another model and stays unchanged; build the model that ` +
        'was trained, or use another checkpoint.',
    );
  for (const [name, { shape, required }] of expected) {
    const entry = found.get(name);
    if (!entry && required) throw refusal(`no '${name}'`, "all of this model's weights");
    if (entry && `${entry.shape}` !== `${shape}`) {
      throw refusal(
        `'${name}' of shape [${entry.shape.join(', ')}]`,
        `[${shape.join(', ')}] as in this model`,
      );
    }
  }
  for (const name of found.keys()) {
    if (!expected.has(name)) throw refusal(`'${name}'`, "this model's weights only");
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

/** Position of the checksum's eight digits in the file. */
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
