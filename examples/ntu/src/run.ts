import { join, resolve } from 'node:path';
import { type Shard, shardOf } from '@amr/datasets/node';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type Resolved, resolveSettings, shipped } from './settings/resolveSettings.js';

/** Options of every command. */
export interface CommonFlags {
  preset: string;
  data: string;
  split?: string;
  root: { [name: string]: string };
  out?: string;
  prepared?: string;
  set: string[];
  seeds?: number[];
  shard?: string;
  dryRun?: boolean;
  json?: boolean;
  /** False with `--no-measure`. */
  measure?: boolean;
}

/** A run as the command line describes it: its settings, and the paths of its files. */
export interface Run extends Resolved {
  /** The folder of results. */
  readonly out: string;
  /** The folder of prepared shards, which several runs may share. */
  readonly prepared: string;
  /** Where the data set's files are, by the names that its settings list. */
  readonly roots: { readonly [name: string]: string };
  /** The shard of the work of this process; absent: all of it. */
  readonly shard?: Shard;
}

const repeated = (text: string, before: string[] = []): string[] => [...before, text];

function root(text: string, before: { [name: string]: string } = {}): { [name: string]: string } {
  const [, name, path] = /^([\w-]+)=(.+)$/.exec(text) ?? [];
  if (!name || !path)
    throw new InvalidArgumentError(`Got ${text}; expected name=path, such as skeletons=/data/ntu/skeletons.`);
  return { ...before, [name]: path };
}

function seedList(text: string): number[] {
  const seeds = text.split(',').map(Number);
  if (seeds.some((seed) => !Number.isSafeInteger(seed) || seed < 0) || new Set(seeds).size < seeds.length) {
    throw new InvalidArgumentError(`Got ${text}; expected different whole numbers, such as 1,2,3.`);
  }
  return seeds;
}

/** Adds the options that all commands share. */
export const withCommonOptions = (command: Command): Command =>
  command
    .option('--preset <name>', `${shipped('presets').join(', ')}, or the path of your own file`, 'smoke')
    .option('--data <name>', `${shipped('datasets').join(', ')}, or the path of your own file`, 'ntu60')
    .option('--split <name>', "protocol of the data set (default: the data set's first, xsub)")
    .option('--root <name=path>', "where the data set's files are; once for each", root, {})
    .option('--out <folder>', 'where results go (default: runs/<preset>-<data>-<split>)')
    .option('--prepared <folder>', 'where prepared data goes (default: prepared in the folder of results)')
    .option('--set <path=value>', 'another value of a setting; repeatable', repeated, [])
    .option('--seeds <list>', 'seeds of the trainings, such as 1,2,3', seedList)
    .addOption(
      new Option(
        '--shard <number/count>',
        'work on one shard, such as 3/16 (default: from Slurm or Kubernetes, or all)',
      ),
    )
    .option('--dry-run', 'show what would be done, how large it is and how long it takes')
    .option('--no-measure', 'with --dry-run: measure no steps, and estimate no time')
    .option('--json', 'with --dry-run: as JSON')
    .showHelpAfterError('(--help shows the options)');

/**
 * The run that the flags describe.
 * @throws {SettingsError} for settings that can't be used
 */
export function runOf(flags: CommonFlags, env: NodeJS.ProcessEnv = process.env): Run {
  const { preset, data, split, set, seeds } = flags;
  const resolved = resolveSettings({ preset, data, split, set, seeds });
  const { names, settings } = resolved;
  const { dataset } = settings;
  for (const name of Object.keys(flags.root)) {
    if (!(name in dataset.roots)) {
      throw new Error(
        `--root: got ${name}=${flags.root[name]}; expected one of ${Object.keys(dataset.roots).join(', ')} for ${dataset.title}. Correct the name.`,
      );
    }
  }
  const out = resolve(flags.out ?? join('runs', `${names.preset}-${names.data}-${dataset.split}`));
  return {
    ...resolved,
    out,
    prepared: resolve(flags.prepared ?? join(out, 'prepared')),
    roots: Object.fromEntries(Object.entries(flags.root).map(([name, path]) => [name, resolve(path)])),
    shard: shardOf(flags.shard, env),
  };
}
