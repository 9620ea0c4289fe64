import { existsSync, readFileSync } from 'node:fs';

/** The parsed JSON file, or undefined when the file is missing. Invalid JSON is an error that names the file. */
export function readJson<T>(path: string): T | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch (error) {
    throw new Error(
      `${path}: got invalid JSON (${(error as Error).message}); expected a complete file. Delete it to compute it again.`,
    );
  }
}
