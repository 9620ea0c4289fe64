import { describeValue, PickleError } from './pickleErrors.js';
import type { PickleGlobal } from './pickleMachine.js';

/**
 * The `globals` of `readPickle` for Python's own containers and bytes, which protocol 2 writes as calls, since it has no
 * instructions for them:
 * `collections.OrderedDict` (a Map), `set` and `frozenset` (a Set), `bytes` and `bytearray` (a
 * Uint8Array).
 */
export function plainGlobals(): Map<string, PickleGlobal> {
  const set: PickleGlobal = { call: ([items = []]) => new Set(listOf(items)) };
  const bytes: PickleGlobal = {
    call: ([given, encoding]) => {
      if (given === undefined) return new Uint8Array();
      return given instanceof Uint8Array ? given : encoded(given, encoding);
    },
  };
  const globals = new Map<string, PickleGlobal>([
    ['_codecs.encode', { call: ([text, encoding]) => encoded(text, encoding) }],
    [
      'collections.OrderedDict',
      {
        call: ([items = []]) =>
          new Map(listOf(items).map((pair) => listOf(pair).slice(0, 2) as [unknown, unknown])),
        setState() {}, // ignores attributes, such as `_metadata` of PyTorch's state dicts
      },
    ],
  ]);
  // In protocol 2, Python 3 writes the names of Python 2.
  for (const module of ['builtins', '__builtin__']) {
    globals.set(`${module}.set`, set);
    globals.set(`${module}.frozenset`, set);
    globals.set(`${module}.bytes`, bytes);
    globals.set(`${module}.bytearray`, bytes);
  }
  return globals;
}

/** The bytes of a text whose characters are bytes. */
function encoded(text: unknown, encoding: unknown): Uint8Array {
  if (typeof text !== 'string' || (encoding !== 'latin1' && encoding !== 'latin-1')) {
    throw new PickleError(
      `pickle: got bytes as ${describeValue(text)} in ${describeValue(encoding)}; expected a text in latin1.`,
    );
  }
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) {
      throw new PickleError(
        `pickle: got bytes as a text with character ${code}; expected latin1, characters up to 255.`,
      );
    }
    bytes[i] = code;
  }
  return bytes;
}

function listOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) {
    throw new PickleError(
      `pickle: got ${describeValue(value)} for the items of a container; expected a list.`,
    );
  }
  return value;
}
