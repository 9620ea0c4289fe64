/** Repeatable values, drawn much faster than by tfjs's initializers: the large networks have millions of weights. */
export interface SeededValues {
  /** Values for a weight of this name and shape: kernels of variance 2 / fan-in, variances and scales near 1. */
  weight(name: string, shape: readonly number[]): Float32Array;
  /** Uniform values in [from, to). */
  between(shape: readonly number[], from: number, to: number): Float32Array;
  /** Uniform values of mean 0 and this standard deviation. */
  spread(shape: readonly number[], deviation: number): Float32Array;
}

/** A generator of {@link SeededValues}: the same seed gives the same values. */
export function seededValues(seed: number): SeededValues {
  let state = seed >>> 0;
  // Mulberry32: 32 bits of state, each step a multiplication of mixed bits.
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (shape: readonly number[], from: number, to: number) => {
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
    for (let i = 0; i < values.length; i++) values[i] = from + (to - from) * next();
    return values;
  };
  const spread = (shape: readonly number[], deviation: number) =>
    between(shape, -Math.sqrt(3) * deviation, Math.sqrt(3) * deviation);
  return {
    between,
    spread,
    weight(name, shape) {
      if (/variance|gamma|importance/i.test(name)) return between(shape, 0.8, 1.2);
      if (shape.length < 2) return spread(shape, 0.1);
      const fanIn = shape.slice(0, -1).reduce((product, size) => product * size, 1);
      return spread(shape, Math.sqrt(2 / fanIn));
    },
  };
}
