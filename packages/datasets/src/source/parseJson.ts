import { DatasetError } from '../datasetError.js';

/**
 * What a text of JSON holds.
 * @param file its file, for errors
 * @param remedy what an error says about mending it
 * @throws {DatasetError} with `file` and `line` when it is no JSON
 */
export function parseJson(text: string, file: string, remedy = 'mend it'): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const { message } = cause as Error;
    // Engines word it differently: by line, by position, or without either where the text ends too early.
    const [, at] = /at position (\d+)/.exec(message) ?? [];
    const before = at === undefined ? text : text.slice(0, Number(at));
    const line = Number(/line (\d+) column/.exec(message)?.[1] ?? before.split('\n').length);
    throw new DatasetError(`not JSON (${message}); ${remedy}`, { file, line, cause });
  }
}
