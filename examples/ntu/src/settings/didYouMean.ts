import { closest, distance } from 'fastest-levenshtein';

/** What is said of a name that isn't known, with the known one that it is probably a slip of. */
export function didYouMean(name: string, known: readonly string[]): string {
  const nearest = known.length > 0 ? closest(name, known) : undefined;
  const near =
    nearest !== undefined && distance(name, nearest) <= Math.max(2, Math.floor(nearest.length / 3));
  return near ? `did you mean '${nearest}'?` : `known are ${known.join(', ')}`;
}
