// Stops `npm publish` and `pnpm publish` in a package's folder: the archive would lack what a release gives it.
import { runScript, stop } from './stop.js';

await runScript(() =>
  stop(
    'publish',
    'a package by itself',
    'a release of all of them',
    'Run `pnpm release:publish` in the repository.',
  ),
);
