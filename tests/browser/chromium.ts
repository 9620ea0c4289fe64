import { existsSync } from 'node:fs';
import { skipped } from '../skipped.js';

/** The browser of these tests. */
export const chromiumPath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

/** Flags without which Chromium fails in containers (no sandbox, no graphics card), and those that end its own requests. */
export const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** What to do where there is no browser. */
export const chromiumAdvice = 'Install it, or set CHROMIUM_PATH to the path of Chromium or Chrome.';

/** Whether there is no browser, with a warning that these tests are skipped. */
export function chromiumIsMissing(what: string): boolean {
  if (existsSync(chromiumPath)) return false;
  skipped(what, `There is no ${chromiumPath}`, chromiumAdvice);
  return true;
}
