import { AttackOptionsError, shown } from './errors.js';

/**
 * Refuses what is not a number of steps, restarts and the like.
 * @throws {AttackOptionsError} that names the option
 */
export function checkCount(name: string, value: number): void {
  checkNumber(name, value, Number.isSafeInteger(value) && value >= 1, 'a whole number from 1');
}

/**
 * Refuses an option that is not `good`.
 * @param expected what it should have been, as in 'a number from 0 to 1'
 * @throws {AttackOptionsError} that names the option
 */
export function checkNumber(name: string, value: number, good: boolean, expected: string): void {
  if (!good) throw new AttackOptionsError(`${name} is ${shown(value)}; expected ${expected}.`);
}

/**
 * Refuses what is infinite, not a number or below 0.
 * @throws {AttackOptionsError} that names the option
 */
export function checkNotNegative(name: string, value: number): void {
  checkNumber(name, value, value >= 0 && value < Infinity, 'a finite number that is 0 or more');
}

/**
 * Refuses restarts that would all be the same.
 * @throws {AttackOptionsError} for several restarts without a random start, and a number of restarts that is none
 */
export function checkRestarts(restarts: number, randomStart: boolean): void {
  checkCount('restarts', restarts);
  if (restarts > 1 && !randomStart) {
    throw new AttackOptionsError(
      `restarts is ${restarts} with randomStart false; all restarts would be the same. Leave randomStart out or set it to true.`,
    );
  }
}
