/**
 * The same permutation on fewer axes: without axes of size one, and with neighbours merged that stay neighbours.
 * Output axis i is input axis perm[i].
 */
export function simplifiedPermutation(shape: readonly number[], perm: readonly number[]) {
  const kept = perm.filter((axis) => shape[axis] !== 1);
  const groups: number[][] = [];
  for (const axis of kept) {
    const group = groups.at(-1);
    const last = group?.at(-1);
    // Axes of size one between two neighbours don't separate them.
    const adjacent =
      last !== undefined && axis > last && shape.slice(last + 1, axis).every((size) => size === 1);
    if (group && adjacent) group.push(axis);
    else groups.push([axis]);
  }
  const order = groups.map((_, i) => i).sort((i, j) => groups[i]![0]! - groups[j]![0]!);
  const sizes = groups.map((group) => group.reduce((size, axis) => size * shape[axis]!, 1));
  return { shape: order.map((i) => sizes[i]!), perm: groups.map((_, i) => order.indexOf(i)) };
}

/** Copies `source`, of `shape`, to `target` with its axes permuted. Any rank; the arrays must not overlap. */
export function permute<T extends { [index: number]: number }>(
  source: T,
  target: T,
  shape: readonly number[],
  perm: readonly number[],
): void {
  const strides: number[] = [];
  for (let axis = shape.length - 1, stride = 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  const sizes = perm.map((axis) => shape[axis]!);
  const steps = perm.map((axis) => strides[axis]!);
  let place = 0;
  const copy = (axis: number, offset: number): void => {
    const size = sizes[axis] ?? 1;
    const step = steps[axis] ?? 1;
    if (axis >= sizes.length - 1) {
      for (let i = 0, s = offset; i < size; i++, s += step) target[place++] = source[s]!;
      return;
    }
    for (let i = 0; i < size; i++) copy(axis + 1, offset + i * step);
  };
  copy(0, 0);
}
