/** Why a release stops: the program prints the message, without a stack, and ends with exit code 1. */
export class ReleaseError extends Error {}

/**
 * Stops with `name: got X; expected Y. What to do.`, the grammar of the packages' own errors.
 * @param {string} name what the message is about, as in `packages/layers/package.json, repository`
 * @param {string} got
 * @param {string} expected
 * @param {string} advice one or more sentences
 * @returns {never}
 */
export function stop(name, got, expected, advice) {
  throw new ReleaseError(`${name}: got ${got}; expected ${expected}. ${advice}`);
}

/**
 * Runs a script's main function; a {@link ReleaseError} becomes a message and exit code 1.
 * @param {() => void | Promise<void>} main
 */
export async function runScript(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
