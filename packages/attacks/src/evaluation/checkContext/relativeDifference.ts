/** |a - b| / |b| of each row in l2; infinite where a or b is not finite. */
export function relativeDifference(a: Float32Array, b: Float32Array, width: number): number[] {
  return Array.from({ length: a.length / width }, (_, row) => {
    let difference = 0;
    let length = 0;
    for (let i = row * width; i < (row + 1) * width; i++) {
      difference += (a[i]! - b[i]!) ** 2;
      length += b[i]! ** 2;
    }
    if (difference === 0) return 0;
    const ratio = Math.sqrt(difference / length);
    return Number.isNaN(ratio) ? Infinity : ratio;
  });
}
