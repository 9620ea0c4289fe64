import { existsSync, readdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { didYouMean } from './didYouMean.js';
import { type Group, isGroup, type Layer, laidOver, type Plain, pathKey, readLayer } from './layer.js';
import { type Settings, settingsSchema } from './settings.js';
import { type Origin, SettingsError, type SettingsProblem } from './settingsError.js';

/** The sources of a run's settings. */
export interface Choice {
  /** A name in presets/, or a file like those. */
  readonly preset: string;
  /** A name in datasets/, or a file like those. */
  readonly data: string;
  /** A split of the data set; absent: its own default. */
  readonly split?: string;
  /** Settings with another value, as `path=value`. */
  readonly set?: readonly string[];
  readonly seeds?: readonly number[];
}

/** Settings, and where each comes from. */
export interface Resolved {
  readonly settings: Settings;
  /** Names of preset and data set, for titles and folders: those of their files. */
  readonly names: { readonly preset: string; readonly data: string };
  /** Where a setting was given, by path: `training.video.epochs`. */
  origin(path: string): Origin | undefined;
}

/**
 * The settings of a run: the data set's file, overridden by the preset, and both by the command line.
 * @throws {SettingsError} with a line for each problem
 */
export function resolveSettings(choice: Choice): Resolved {
  const files = { data: fileOf('datasets', choice.data), preset: fileOf('presets', choice.preset) };
  const { split, seeds, set = [] } = choice;
  let layer = laidOver(readWithBases(files.data, 'datasets'), readWithBases(files.preset, 'presets'));
  if (split !== undefined) layer = laidOver(layer, given('--split', ['dataset', 'split'], split));
  if (seeds) layer = laidOver(layer, given('--seeds', ['seeds'], [...seeds]));
  for (const assignment of set) layer = laidOver(layer, assigned(assignment));

  const result = settingsSchema.safeParse(layer.values);
  if (!result.success) {
    const problems = result.error.issues.flatMap((issue) => problemsOf(issue, layer, files.preset));
    throw new SettingsError(problems);
  }
  return {
    settings: result.data,
    names: { preset: nameOf(files.preset), data: nameOf(files.data) },
    origin: (path) => layer.origins.get(path),
  };
}

/** Names of the files that come with this package. */
export const shipped = (folder: 'presets' | 'datasets'): string[] =>
  readdirSync(folderOf(folder))
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => nameOf(file))
    .sort();

/** Built, this module is in dist/main.js; the source is one folder deeper. */
function folderOf(folder: string): string {
  const built = fileURLToPath(new URL(`../${folder}`, import.meta.url));
  return existsSync(built) ? built : fileURLToPath(new URL(`../../${folder}`, import.meta.url));
}

const nameOf = (file: string): string => file.replace(/^.*[/\\]/, '').replace(/\.ya?ml$/, '');

function fileOf(folder: 'presets' | 'datasets', name: string, from = process.cwd()): string {
  if (/[/\\]|\.ya?ml$/.test(name)) return resolve(from, name);
  const known = shipped(folder);
  if (known.includes(name)) return resolve(folderOf(folder), `${name}.yaml`);
  const option = folder === 'presets' ? '--preset' : '--data';
  throw new SettingsError([
    {
      origin: { source: `${option} ${name}` },
      path: '',
      reason: `there is none of that name, ${didYouMean(name, known)}; a file of your own is given with its path, such as ./${name}.yaml`,
    },
  ]);
}

/** A file over those that it names in `extends`. */
function readWithBases(file: string, folder: 'presets' | 'datasets', above: readonly string[] = []): Layer {
  const { values, origins } = readLayer(file);
  const { extends: base, ...own } = values;
  if (base === undefined) return { values, origins };
  const refuse = (reason: string): never => {
    throw new SettingsError([{ origin: origins.get('extends')!, path: 'extends', reason }]);
  };
  if (typeof base !== 'string') return refuse(`expected a name or a file, got ${shown(base)}`);
  const below = fileOf(folder, base, dirname(file));
  const chain = [...above, file];
  if (chain.includes(below))
    return refuse(`${chain.concat(below).map(nameOf).join(' extends ')}, in a circle`);
  return laidOver(readWithBases(below, folder, chain), { values: own, origins });
}

/** `training.video.epochs=5` as a layer; the value is read as in the files. */
function assigned(assignment: string): Layer {
  const source = `--set ${assignment}`;
  const equals = assignment.indexOf('=');
  const path = assignment.slice(0, equals).trim().split('.');
  if (equals < 1 || path.some((name) => name === '' || name === '__proto__')) {
    throw new SettingsError([
      { origin: { source }, path: '', reason: 'expected path=value, such as training.video.epochs=5' },
    ]);
  }
  const document = parseDocument(assignment.slice(equals + 1));
  if (document.errors.length > 0) {
    throw new SettingsError([
      { origin: { source }, path: pathKey(path), reason: `not YAML: ${document.errors[0]!.message}` },
    ]);
  }
  return given(source, path, document.toJS() as Plain);
}

function given(source: string, path: readonly string[], value: Plain): Layer {
  const origins = new Map<string, Origin>();
  const note = (inner: Plain, at: readonly string[]) => {
    origins.set(pathKey(at), { source });
    if (typeof inner === 'object' && inner !== null) {
      for (const [name, part] of Object.entries(inner)) note(part as Plain, [...at, name]);
    }
  };
  note(value, path);
  return { values: path.reduceRight<Plain>((inner, name) => ({ [name]: inner }), value) as Group, origins };
}

function problemsOf(issue: z.core.$ZodIssue, layer: Layer, file: string): SettingsProblem[] {
  const { path, message } = issue;
  if (issue.code === 'unrecognized_keys') {
    const hints = message.split('\n');
    return issue.keys.map((key, i) => ({
      origin: originOf([...path, key], layer, file),
      path: pathKey([...path, key]),
      reason: `there is no such setting, ${hints[i]}`,
    }));
  }
  const value = path.reduce<Plain>((tree, key) => (tree as Group | undefined)?.[String(key)], layer.values);
  return [
    {
      origin: originOf(path, layer, file),
      path: pathKey(path),
      reason:
        value === undefined
          ? `it is missing; expected ${message}`
          : `expected ${message}, got ${shown(value)}`,
    },
  ];
}

/** Where a setting was given, or for one that is missing, the innermost group that it should be in. */
function originOf(path: readonly PropertyKey[], { origins }: Layer, file: string): Origin {
  for (let depth = path.length; depth > 0; depth--) {
    const origin = origins.get(pathKey(path.slice(0, depth)));
    if (origin) return origin;
  }
  return { source: file };
}

function shown(value: Plain): string {
  if (typeof value === 'string') return `'${value}'`;
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return `the list [${value.map(shown).join(', ')}]`;
  return isGroup(value) ? 'a group' : String(value);
}
