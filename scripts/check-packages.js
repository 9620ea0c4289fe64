// Packs each package as npm would and checks the archive with publint and @arethetypeswrong/cli: `pnpm check:packages`.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const run = (command, args, cwd = root) =>
  execFileSync(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] }).toString();

let failed = 0;
for (const name of readdirSync(join(root, 'packages')).sort()) {
  const folder = join(root, 'packages', name);
  const out = mkdtempSync(join(tmpdir(), 'amr-pack-'));
  try {
    run('pnpm', ['pack', '--pack-destination', out], folder);
    const archive = join(out, readdirSync(out)[0]);
    run('pnpm', ['exec', 'publint', 'run', archive, '--strict']);
    run('pnpm', ['exec', 'attw', archive]);
    const built = readFileSync(join(folder, 'dist', 'index.js'), 'utf8');
    const { peerDependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const needsCore = Object.hasOwn(peerDependencies, '@tensorflow/tfjs-core');
    if (needsCore && !/from ['"]@tensorflow\/tfjs-core['"]/.test(built)) {
      throw new Error('dist/index.js does not import @tensorflow/tfjs-core: was it bundled?');
    }
    console.log(`@amr/${name}: publint and attw passed`);
  } catch (error) {
    failed++;
    console.error(`@amr/${name}: ${error.message}\n${error.stdout ?? ''}${error.stderr ?? ''}`);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}
process.exitCode = failed > 0 ? 1 : 0;
