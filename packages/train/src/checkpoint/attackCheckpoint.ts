import type { AutoAttackCheckpoint, AutoAttackCheckpointStore } from '@amr/attacks';
import {
  float32ValuesOf,
  readSafetensors,
  type SafetensorsEntry,
  SafetensorsError,
  safetensorsValues,
  writeSafetensors,
} from '@amr/formats';
import { formatValue } from '@amr/internal';
import { CheckpointError } from '../errors.js';
import type { CheckpointStore } from './checkpointStore.js';

const FORMAT = 'amr-attack-progress';
const VERSION = '1';
const MARGINS = 'margins';
const ADVERSARIAL = 'adversarial/';

/** The part that is saved as JSON. Its `facts` are the fingerprint; files had this name before, and must stay readable. */
type Notes = Pick<AutoAttackCheckpoint, 'seed' | 'members' | 'fooledBy'> & {
  facts: AutoAttackCheckpoint['fingerprint'];
};

/** Keeps an attack's checkpoint as a safetensors file in a store: points and margins as tensors, the rest as JSON. */
export function attackCheckpointIn(store: CheckpointStore): AutoAttackCheckpointStore {
  return {
    async load() {
      const bytes = await store.read();
      return bytes && decode(bytes);
    },
    save: (checkpoint) => store.write(encode(checkpoint)),
  };
}

function encode({ margins, adversarial, fingerprint, ...rest }: AutoAttackCheckpoint): Uint8Array {
  const notes: Notes = { facts: fingerprint, ...rest };
  const tensors = new Map([[MARGINS, entryOf(margins)]]);
  for (const [modality, values] of Object.entries(adversarial)) {
    tensors.set(ADVERSARIAL + modality, entryOf(values));
  }
  return writeSafetensors({
    tensors,
    metadata: { format: FORMAT, version: VERSION, notes: JSON.stringify(notes) },
  });
}

function decode(bytes: Uint8Array): AutoAttackCheckpoint {
  try {
    const { tensors, metadata } = readSafetensors(bytes);
    const { format, version, notes } = metadata;
    if (format !== FORMAT || version !== VERSION || notes === undefined) {
      throw new CheckpointError(
        'format',
        `checkpoint: got a file of format ${formatValue(format)}, version ${formatValue(version)}; expected '${FORMAT}', version '${VERSION}'. Use another path, or remove the file.`,
      );
    }
    const adversarial: { [modality: string]: Float32Array } = {};
    for (const [name, entry] of tensors) {
      if (name.startsWith(ADVERSARIAL)) adversarial[name.slice(ADVERSARIAL.length)] = floatsOf(entry);
    }
    const margins = tensors.get(MARGINS);
    if (!margins) throw new SafetensorsError(`there is no tensor '${MARGINS}'`);
    const { facts, ...rest } = JSON.parse(notes) as Notes;
    return { fingerprint: facts, ...rest, margins: floatsOf(margins), adversarial };
  } catch (error) {
    if (!(error instanceof SafetensorsError || error instanceof SyntaxError)) throw error;
    throw new CheckpointError(
      'damaged',
      `checkpoint: got a damaged file (${error.message}); expected a checkpoint of an attack. Remove the file to start again.`,
    );
  }
}

function entryOf(values: Float32Array): SafetensorsEntry {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { dtype: 'F32', shape: [values.length], bytes };
}

const floatsOf = (entry: SafetensorsEntry): Float32Array => float32ValuesOf(safetensorsValues(entry));
