import type { NumericArray } from '../numericArray.js';
import type { TorchValue } from './torchFile.js';
import { TorchFileError } from './torchTensors.js';

/** Where a checkpoint keeps its state dict, the first that is there; training scripts have no common rule. */
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

/** Deeper nesting is no checkpoint. */
const DEEPEST = 32;

/**
 * The tensors of a checkpoint by their dotted names. A dict with a tensor among its values is the state dict.
 * Otherwise the first of `state_dict`, `model_state_dict`, `model_state`, `model`, `net`, `network`, `module`,
 * `weights` that is a dict is looked into, in the same way. Without any of those all dicts below are taken, their keys
 * joined by dots. Optimizer states and numbers beside the state dict are left out.
 * @param checkpoint what `readTorchFile` gave
 * @param at keys on the way to the state dict, such as `['ema', 'state_dict']`, instead of the rule
 * @throws {TorchFileError} when there is no tensor
 */
export function stateDictOf(checkpoint: TorchValue, at?: readonly string[]): Map<string, NumericArray> {
  const found = at ? follow(checkpoint, at) : stateDictIn(checkpoint);
  const tensors = new Map<string, NumericArray>();
  if (!isTensor(found)) collect(found, '', tensors, new Set());
  if (tensors.size === 0) {
    throw new TorchFileError(
      `expected a dict of tensors, got ${describe(checkpoint)}: save model.state_dict()`,
    );
  }
  return tensors;
}

function stateDictIn(value: TorchValue): TorchValue {
  let dict = value;
  for (let depth = 0; depth < DEEPEST; depth++) {
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
        `there is no '${keys.slice(0, i + 1).join("' in '")}', only ${describe(found)}`,
      );
    }
    found = next;
  }
  return found;
}

/** A dict that is met again below itself, or for the second time, adds nothing. */
function collect(
  value: TorchValue,
  name: string,
  tensors: Map<string, NumericArray>,
  seen: Set<TorchValue>,
  depth = 0,
): void {
  if (isTensor(value)) tensors.set(name, value);
  if (!(value instanceof Map) || seen.has(value) || depth > DEEPEST) return;
  seen.add(value);
  for (const [key, inner] of value) {
    if (typeof key !== 'string' && typeof key !== 'number') continue;
    collect(inner, name === '' ? String(key) : `${name}.${key}`, tensors, seen, depth + 1);
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

/** The first keys. Only plain ones: a tuple may be as deep as a file makes it. */
const keysOf = (dict: ReadonlyMap<TorchValue, TorchValue>): string =>
  [...dict.keys()]
    .slice(0, 8)
    .map((key) => (typeof key === 'object' ? '(...)' : String(key)))
    .join(', ');
