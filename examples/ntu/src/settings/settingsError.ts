import { relative } from 'node:path';

/** Where a value was given. */
export interface Origin {
  /** The file, or the option of the command line. */
  readonly source: string;
  /** Line and column in the file, from 1. */
  readonly line?: number;
  readonly column?: number;
}

/** One problem of the settings. */
export interface SettingsProblem {
  readonly origin: Origin;
  /** The setting, such as `training.video.epochs`; empty: the file as a whole. */
  readonly path: string;
  /** What was found and what was expected. */
  readonly reason: string;
}

/** Settings that can't be used: one line for each problem, with file, line and column. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly problems: readonly SettingsProblem[];

  constructor(problems: readonly SettingsProblem[]) {
    super(problems.map(sentence).join('\n'));
    this.problems = problems;
  }
}

const sentence = ({ origin, path, reason }: SettingsProblem): string =>
  `${originText(origin)}${path && ` ${path}`}: ${reason}`;

/** `presets/smoke.yaml:14:5`, as terminals and editors open it. */
export function originText({ source, line, column }: Origin): string {
  if (line === undefined) return source;
  const near = relative(process.cwd(), source);
  return `${near.startsWith('..') ? source : near}:${line}:${column}`;
}
