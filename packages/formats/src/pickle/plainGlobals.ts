import { PickleError, type PickleGlobal } from './pickle.js';

/**
 * Python's own containers and bytes, which protocol 2 writes as calls since it has no instructions for them:
 * `collections.OrderedDict` (a Map), `set` and `frozenset` (a Set), `bytes` and `bytearray` (a Uint8Array). For the
 * `globals` of `readPickle`.
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
        setState() {}, // attributes beside the items, such as `_metadata` of PyTorch's state dicts
      },
    ],
  ]);
  // Python 3 writes the names of Python 2 in protocol 2.
  for (const module of ['builtins', '__builtin__']) {
    globals.set(`${module}.set`, set);
    globals.set(`${module}.frozenset`, set);
    globals.set(`${module}.bytes`, bytes);
    globals.set(`${module}.bytearray`, bytes);
  }
  return globals;
}

/** Bytes as the text that has them for characters. */
function encoded(text: unknown, encoding: unknown): Uint8Array {
  if (typeof text !== 'string' || (encoding !== 'latin1' && encoding !== 'latin-1')) {
    throw new PickleError('expected bytes as a text in latin1');
  }
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) throw new PickleError(`expected bytes as a text in latin1, got character ${code}`);
    bytes[i] = code;
  }
  return bytes;
}

function listOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new PickleError('expected a list of items for a container');
  return value;
}
