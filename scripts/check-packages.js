// Packs each package as a release does and checks the archive: publint, @arethetypeswrong/cli, and that nothing private is
// left in it. `pnpm check:packages`; the packages have to be built.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, tool } from './release/commands.js';
import { packStaged, stagePackages } from './release/stage.js';
import { ReleaseError, runScript, stop } from './release/stop.js';

const staging = mkdtempSync(join(tmpdir(), 'amr-check-'));
try {
  await runScript(() => {
    for (const staged of stagePackages(staging)) {
      try {
        checkPackage(staged);
        console.log(`${staged.name}: publint and attw passed`);
      } catch (error) {
        if (!(error instanceof ReleaseError)) throw error;
        console.error(error.message);
        process.exitCode = 1;
      }
    }
  });
} finally {
  rmSync(staging, { recursive: true, force: true });
}

function checkPackage(staged) {
  const archive = packStaged(staged, staging);
  tool('publint', ['run', archive, '--strict']);
  tool('attw', [archive]);
  const unpacked = mkdtempSync(join(staging, 'unpacked-'));
  run('tar', ['-xzf', archive, '-C', unpacked]);
  checkContents(staged, join(unpacked, 'package'));
}

function checkContents({ directory, manifest }, folder) {
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!/\.(?:[cm]?js|d\.[cm]?ts|json)$/.test(file)) continue;
    const leak = /@amr\/(?:internal|testing)\b/.exec(readFileSync(join(folder, file), 'utf8'));
    if (leak) {
      stop(`${directory}/${file}`, leak[0], 'no private package', 'Bundle it: see tsup.base.ts.');
    }
  }
  const entry = readFileSync(join(folder, 'dist', 'index.js'), 'utf8');
  const needsCore = Object.hasOwn(manifest.peerDependencies ?? {}, '@tensorflow/tfjs-core');
  if (needsCore && !/from ['"]@tensorflow\/tfjs-core['"]/.test(entry)) {
    stop(
      `${directory}/dist/index.js`,
      'no import of @tensorflow/tfjs-core',
      'one',
      'List it in peerDependencies, so that tsup does not bundle it.',
    );
  }
}
