import { DatasetError } from '../datasetError.js';

/**
 * Parses JSON.
 * @param file its file, for errors
 * @param advice what to do about an error, a sentence
 * @throws {DatasetError} with `file` and `line` when the text is not JSON
 */
export function parseJson(text: string, file: string, advice = 'Fix the file.'): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const { message } = cause as Error;
    // Engines give a line, a position, or neither where the text ends too early.
    const [, at] = /at position (\d+)/.exec(message) ?? [];
    const before = at === undefined ? text : text.slice(0, Number(at));
    const line = Number(/line (\d+) column/.exec(message)?.[1] ?? before.split('\n').length);
    throw new DatasetError(`got a syntax error: ${message}; expected JSON. ${advice}`, { file, line, cause });
  }
}
