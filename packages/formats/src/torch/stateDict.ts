import type { NumericArray } from '../numericArray.js';
import type { TorchValue } from './torchFile.js';
import { TorchFileError } from './torchTensors.js';

/** The keys under which checkpoints store their state dict, in order of preference; training scripts have no common rule. */
const USUAL_KEYS = [
  'state_dict',
  'model_state_dict',
  'model_state',
  'model',
  'net',
  'network',
  'module',
  'weights',
];

/** Checkpoints are not nested deeper. */
const MAX_DEPTH = 32;

/**
 * The tensors of a checkpoint by their dotted names. A dict with a tensor among its values is the state dict.
 * Otherwise the search continues in the first of `state_dict`, `model_state_dict`, `model_state`, `model`, `net`,
 * `network`, `module`, `weights` that is a dict. Without any of those, the tensors of all nested dicts are taken, with
 * their keys joined by dots. Optimizer states and numbers next to the state dict are ignored.
 * @param checkpoint the result of `readTorchFile`
 * @param at keys that lead to the state dict, such as `['ema', 'state_dict']`, instead of the rule
 * @throws {TorchFileError} when there is no tensor
 */
export function stateDictOf(checkpoint: TorchValue, at?: readonly string[]): Map<string, NumericArray> {
  const found = at ? follow(checkpoint, at) : stateDictIn(checkpoint);
  const tensors = new Map<string, NumericArray>();
  if (!isTensor(found)) collect(found, '', tensors, new Set());
  if (tensors.size === 0) {
    throw new TorchFileError(
      `checkpoint: got ${describe(checkpoint)}; expected a dict of tensors. Save model.state_dict().`,
    );
  }
  return tensors;
}

function stateDictIn(value: TorchValue): TorchValue {
  let dict = value;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    if (!(dict instanceof Map) || [...dict.values()].some(isTensor)) return dict;
    const inner: Map<TorchValue, TorchValue> = dict;
    const key = USUAL_KEYS.find((usual) => inner.get(usual) instanceof Map);
    if (key === undefined) return dict;
    dict = inner.get(key)!;
  }
  return dict;
}

function follow(value: TorchValue, keys: readonly string[]): TorchValue {
  let found = value;
  for (const [i, key] of keys.entries()) {
    const next: TorchValue | undefined = found instanceof Map ? found.get(key) : undefined;
    if (next === undefined) {
      throw new TorchFileError(
        `checkpoint${keys
          .slice(0, i)
          .map((one) => `['${one}']`)
          .join('')}: got ${describe(found)}; expected the key '${key}'.`,
      );
    }
    found = next;
  }
  return found;
}

/** Collects the tensors of nested dicts. A dict that was already visited, also one that contains itself, adds nothing. */
function collect(
  value: TorchValue,
  name: string,
  tensors: Map<string, NumericArray>,
  visited: Set<TorchValue>,
  depth = 0,
): void {
  if (isTensor(value)) tensors.set(name, value);
  if (!(value instanceof Map) || visited.has(value) || depth > MAX_DEPTH) return;
  visited.add(value);
  for (const [key, inner] of value) {
    if (typeof key !== 'string' && typeof key !== 'number') continue;
    collect(inner, name === '' ? String(key) : `${name}.${key}`, tensors, visited, depth + 1);
  }
}

/** Whether a value of a checkpoint is a tensor. */
function isTensor(value: TorchValue): value is NumericArray {
  return (
    typeof value === 'object' && value !== null && 'dtype' in value && 'values' in value && 'shape' in value
  );
}

function describe(value: TorchValue): string {
  if (value instanceof Map) return `a dict of ${keysOf(value) || 'nothing'}`;
  return Array.isArray(value) ? 'a list' : value === null ? 'None' : `a ${typeof value}`;
}

/** The first keys. Tuples are not written out, as a file may nest them to any depth. */
const keysOf = (dict: ReadonlyMap<TorchValue, TorchValue>): string =>
  [...dict.keys()]
    .slice(0, 8)
    .map((key) => (typeof key === 'object' ? '(...)' : String(key)))
    .join(', ');
