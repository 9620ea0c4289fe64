/** Purposes of random numbers, a part of their seeds, so that no two purposes share numbers. */
export const RANDOM_PURPOSE = { attack: 1, choice: 2, dropout: 3 } as const;
