/**
 * The known name that a misspelt one was probably meant to be: the nearest by edit distance, if no more than a third of its
 * letters differ, or 2 of a name of three letters or more, or 1 of a name of two. Written here, since libraries for it would have to be bundled into each package, with
 * their licence, for these few lines.
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance >= least) continue;
    least = distance;
    nearest = candidate;
  }
  if (nearest === undefined) return undefined;
  const allowed = Math.min(Math.max(2, Math.floor(nearest.length / 3)), nearest.length - 1);
  return least <= allowed ? nearest : undefined;
}

/** Levenshtein's distance: how many letters have to be inserted, deleted or replaced. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, above[j]! + 1, row[j - 1]! + 1));
    }
  }
  return row[b.length]!;
}
