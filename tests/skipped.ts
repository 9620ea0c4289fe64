/** Warns on the terminal that tests are skipped: why, and what to do about it. */
export function skipped(what: string, reason: string, advice: string): void {
  console.warn(`${what}: skipped. ${reason}. ${advice}`);
}
