import { formatValue } from '@amr/internal';
import { LayerError } from '../../errors.js';

/** A value of a JSON text. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
/** An object of a JSON text. */
export type JsonObject = { [key: string]: Json };

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The error of a model, or part of it, that can't be converted. */
export function cantConvert(what: string, got: unknown, expected: string): LayerError {
  return new LayerError(`convertKeras3Json: ${what}: got ${formatValue(got)}; expected ${expected}`);
}
