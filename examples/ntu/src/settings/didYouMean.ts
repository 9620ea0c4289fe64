import { nearestName } from '@amr/internal';

/** A hint for an unknown name: the known one that was probably meant, or all known ones. */
export function didYouMean(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? `known are ${known.join(', ')}` : `did you mean '${nearest}'?`;
}
