import type { AutoAttackCheckpoint, AutoAttackCheckpointStore } from '@amr/attacks';
import {
  float32ValuesOf,
  readSafetensors,
  type SafetensorsEntry,
  SafetensorsError,
  safetensorsValues,
  writeSafetensors,
} from '@amr/formats';
import { CheckpointError } from '../errors.js';
import type { CheckpointStore } from './checkpointStore.js';

const FORMAT = 'amr-attack-progress';
const VERSION = '1';
const MARGINS = 'margins';
const ADVERSARIAL = 'adversarial/';

/** What is saved as text. */
type Notes = Pick<AutoAttackCheckpoint, 'fingerprint' | 'seed' | 'members' | 'fooledBy'>;

/** Keeps an attack's progress as a safetensors file in a store: points and margins as tensors, the rest as JSON. */
export function attackProgressIn(store: CheckpointStore): AutoAttackCheckpointStore {
  return {
    async load() {
      const bytes = await store.read();
      return bytes && decoded(bytes);
    },
    save: (progress) => store.write(encoded(progress)),
  };
}

function encoded({ margins, adversarial, ...notes }: AutoAttackCheckpoint): Uint8Array {
  const tensors = new Map([[MARGINS, entryOf(margins)]]);
  for (const [modality, values] of Object.entries(adversarial)) {
    tensors.set(ADVERSARIAL + modality, entryOf(values));
  }
  return writeSafetensors({
    tensors,
    metadata: { format: FORMAT, version: VERSION, notes: JSON.stringify(notes) },
  });
}

function decoded(bytes: Uint8Array): AutoAttackCheckpoint {
  try {
    const { tensors, metadata } = readSafetensors(bytes);
    const { format, version, notes } = metadata;
    if (format !== FORMAT || version !== VERSION || notes === undefined) {
      throw new CheckpointError(
        'format',
        `The file's format is '${format}', version '${version}'; expected '${FORMAT}', version '${VERSION}'. Name another file, or remove this one.`,
      );
    }
    const adversarial: { [modality: string]: Float32Array } = {};
    for (const [name, entry] of tensors) {
      if (name.startsWith(ADVERSARIAL)) adversarial[name.slice(ADVERSARIAL.length)] = floatsOf(entry);
    }
    const margins = tensors.get(MARGINS);
    if (!margins) throw new SafetensorsError(`there is no tensor '${MARGINS}'`);
    return { ...(JSON.parse(notes) as Notes), margins: floatsOf(margins), adversarial };
  } catch (error) {
    if (!(error instanceof SafetensorsError || error instanceof SyntaxError)) throw error;
    throw new CheckpointError(
      'damaged',
      `The attack's progress is damaged: ${error.message}. Remove the file to begin anew.`,
    );
  }
}

function entryOf(values: Float32Array): SafetensorsEntry {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return { dtype: 'F32', shape: [values.length], bytes };
}

const floatsOf = (entry: SafetensorsEntry): Float32Array => float32ValuesOf(safetensorsValues(entry));
