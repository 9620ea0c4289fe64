// Packs every published package as a release does: `node scripts/release/pack.js FOLDER` writes FOLDER/amr-layers-0.1.0.tgz
// and so on, and prints their paths; names such as @amr/layers behind FOLDER choose packages. They have to be built.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { packStaged, stagePackages } from './stage.js';
import { runScript, stop } from './stop.js';

await runScript(() => {
  const [target, ...names] = process.argv.slice(2);
  if (!target) {
    stop('FOLDER', 'nothing', 'where the archives go', 'Run `node scripts/release/pack.js FOLDER`.');
  }
  const folder = resolve(target);
  mkdirSync(folder, { recursive: true });
  const staging = mkdtempSync(join(tmpdir(), 'amr-stage-'));
  try {
    for (const staged of stagePackages(staging)) {
      if (names.length === 0 || names.includes(staged.name)) console.log(packStaged(staged, folder));
    }
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
});
