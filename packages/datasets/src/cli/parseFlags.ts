import { InvalidArgumentError } from 'commander';
import type { FolderModality } from '../sets/folder/folderFormat.js';

/** A whole number from 0. Formats check its range. */
export function parseCount(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Expected a whole number.');
  return Number(text);
}

export function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Expected a number.');
  return value;
}

export const parseList = (text: string): string[] => text.split(',').map((part) => part.trim());

export const parseCounts = (text: string): number[] => (text === '' ? [] : parseList(text).map(parseCount));

/** A number of classes, or their names. */
export const parseClasses = (text: string): number | string[] =>
  /^\d+$/.test(text) ? Number(text) : parseList(text);

export function parseSize(text: string): { width: number; height: number } {
  const parts = /^(\d{1,6})x(\d{1,6})$/.exec(text);
  if (!parts) throw new InvalidArgumentError('Expected width and height such as 1280x720.');
  return { width: Number(parts[1]), height: Number(parts[2]) };
}

export function parseModalities(text: string): { [name: string]: FolderModality } {
  try {
    const value = JSON.parse(text);
    if (value && typeof value === 'object' && !Array.isArray(value)) return value;
  } catch {
    // Reported below, like JSON that is not an object.
  }
  throw new InvalidArgumentError('Expected JSON such as {"emg":{"unit":"volts"},"rgb":{}}.');
}
