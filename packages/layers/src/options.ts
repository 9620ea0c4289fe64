/** @throws {Error} unless the option is a finite number above 0 */
export function positive(layer: string, option: string, value: number): void {
  if (!(Number.isFinite(value) && value > 0)) {
    throw new Error(`${layer}: got ${option} ${value}; expected a finite number above 0.`);
  }
}

/** @throws {Error} unless the option is a whole number, 1 or more */
export function wholeNumber(layer: string, option: string, value: number): void {
  if (!(Number.isInteger(value) && value >= 1)) {
    throw new Error(`${layer}: got ${option} ${value}; expected a whole number, 1 or more.`);
  }
}
