import { readFileSync } from 'node:fs';
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { type Origin, SettingsError } from './settingsError.js';

/** A value of a file. */
export type Plain = string | number | boolean | null | undefined | Plain[] | Group;
export interface Group {
  [name: string]: Plain;
}

/** The values of one file, and their positions. */
export interface Layer {
  readonly values: Group;
  /** By path, see {@link pathKey}. */
  readonly origins: ReadonlyMap<string, Origin>;
}

/** A path of names and positions as one text. */
export const pathKey = (path: readonly PropertyKey[]): string => path.map(String).join('.');

/**
 * Reads a YAML file of settings.
 * @throws {SettingsError} when it can't be read, or isn't YAML with a group of settings at its top
 */
export function readLayer(file: string): Layer {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new SettingsError([
      { origin: { source: file }, path: '', reason: `it can't be read (${(error as Error).message})` },
    ]);
  }
  return parseLayer(text, file);
}

/** @throws {SettingsError} as {@link readLayer} */
export function parseLayer(text: string, file: string): Layer {
  try {
    return layerOf(text, file);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // Thousands of nested levels exhaust the stack.
    throw new SettingsError([{ origin: { source: file }, path: '', reason: 'it is nested too deeply' }]);
  }
}

function layerOf(text: string, file: string): Layer {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const originAt = (offset: number): Origin => {
    const { line, col } = lines.linePos(offset);
    return { source: file, line, column: col };
  };
  if (document.errors.length > 0) {
    throw new SettingsError(
      document.errors.map((error) => ({
        origin: originAt(error.pos[0]),
        path: '',
        reason: `not YAML: ${error.message}`,
      })),
    );
  }
  const origins = new Map<string, Origin>();
  const refuse = (node: Node | null, path: readonly string[], reason: string): never => {
    throw new SettingsError([{ origin: originAt(node?.range?.[0] ?? 0), path: pathKey(path), reason }]);
  };

  const plain = (node: Node | null, path: readonly string[]): Plain => {
    if (node === null) return null;
    if (isMap<Node, Node | null>(node)) {
      const group: Group = {};
      for (const { key, value } of node.items) {
        if (!isScalar(key)) refuse(key, path, 'a name of a setting was expected here');
        const name = String((key as { value: unknown }).value);
        if (name === '__proto__') refuse(key, path, `'${name}' is no name of a setting`);
        origins.set(pathKey([...path, name]), originAt(key.range![0]));
        group[name] = plain(value, [...path, name]);
      }
      return group;
    }
    if (isSeq<Node>(node)) {
      return node.items.map((item, i) => {
        origins.set(pathKey([...path, `${i}`]), originAt(item.range![0]));
        return plain(item, [...path, `${i}`]);
      });
    }
    if (isAlias(node)) refuse(node, path, 'anchors and aliases are not taken here; write the value out');
    return (node as { value?: unknown }).value as Plain;
  };

  const values = plain(document.contents as Node | null, []);
  if (!isGroup(values)) {
    return refuse(
      document.contents as Node | null,
      [],
      'a group of settings was expected, one "name: value" a line',
    );
  }
  return { values, origins };
}

export const isGroup = (value: Plain): value is Group =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The values of `upper` over those of `lower`: groups are merged, everything else is replaced, and null removes a value.
 */
export function laidOver(lower: Layer, upper: Layer): Layer {
  const origins = new Map(lower.origins);
  const join = (below: Plain, above: Plain, path: readonly string[]): Plain => {
    if (isGroup(above)) {
      const joined: Group = isGroup(below) ? { ...below } : {};
      for (const [name, value] of Object.entries(above)) {
        const inner = [...path, name];
        const origin = upper.origins.get(pathKey(inner));
        if (value === null) {
          delete joined[name];
          continue;
        }
        if (origin) origins.set(pathKey(inner), origin);
        joined[name] = join(joined[name], value, inner);
      }
      return joined;
    }
    if (Array.isArray(above)) {
      for (const i of above.keys()) {
        const key = pathKey([...path, `${i}`]);
        const origin = upper.origins.get(key);
        if (origin) origins.set(key, origin);
      }
    }
    return above;
  };
  return { values: join(lower.values, upper.values, []) as Group, origins };
}
