/** A fraction as a percentage with one digit. */
export const percent = (fraction: number): string => (100 * fraction).toFixed(1);

/** A number of points with its sign and one digit. */
export const signed = (points: number): string => {
  const text = Math.abs(points).toFixed(1);
  return text === '0.0' ? '0.0' : `${points < 0 ? '−' : '+'}${text}`;
};
