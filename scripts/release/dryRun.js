// Tries a whole release, `pnpm release:dry-run`: in a clone of the last commit it runs both commands, publishes to a
// registry in memory, and installs from there into an empty project, whose program it runs. Nothing leaves this machine and
// nothing stays on it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { git, pnpm, run } from './commands.js';
import { startLocalRegistry } from './localRegistry.js';
import { addressOf } from './repository.js';
import { runScript, stop } from './stop.js';
import { pendingChangesets, publishedPackages, root } from './workspace.js';

// Reserved for documentation, so that it leads nowhere; it stands in the clone only.
const PLACEHOLDER = 'https://example.com/dry-run/amr';
const PEERS = ['@tensorflow/tfjs-core@4.22.0', '@tensorflow/tfjs-layers@4.22.0'];

await runScript(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'amr-dry-run-'));
  const registry = await startLocalRegistry();
  try {
    const clone = join(folder, 'amr');
    const packages = publishedPackages();
    await step('Clone the last commit and install', async () => {
      if (git(['status', '--porcelain'])) console.log('Changes that are not committed are left out.');
      run('git', ['clone', '--quiet', root, clone]);
      pnpm(['install', '--frozen-lockfile', '--prefer-offline', '--reporter=silent'], { cwd: clone });
    });
    await step('Set a repository', () => {
      if (packages.every(({ manifest }) => addressOf(manifest))) return;
      run('node', ['scripts/set-repository.js', PLACEHOLDER], { cwd: clone });
      commit(clone, 'Set a repository');
    });
    await step('pnpm release:version', async () => {
      if (pendingChangesets().length === 0) {
        console.log('There is no changeset, so the versions stay as they are.');
        return;
      }
      await script(clone, 'version.js');
      commit(clone, 'Version');
      for (const { directory } of packages) {
        console.log(`\n${readFileSync(join(clone, directory, 'CHANGELOG.md'), 'utf8').trim()}`);
      }
    });
    await step('pnpm release:publish, to a registry on this machine', async () => {
      const config = join(folder, 'npmrc');
      writeFileSync(config, `${registry.address.replace('http:', '')}:_authToken=none\n`);
      const options = ['--no-provenance', '--registry', registry.address];
      await script(clone, 'publish.js', options, { ...process.env, NPM_CONFIG_USERCONFIG: config });
      if (run('git', ['status', '--porcelain'], { cwd: clone })) throw new Error('The clone is not clean.');
      console.log(run('git', ['tag'], { cwd: clone }));
    });
    await step('npm install into an empty project', async () => {
      const project = join(folder, 'project');
      cpSync(join(root, 'tests/release/projects/esm'), project, { recursive: true });
      writeFileSync(join(project, '.npmrc'), `@amr:registry=${registry.address}\n`);
      const names = packages.map(({ name }) => name);
      await program(
        'npm',
        ['install', '--no-audit', '--no-fund', '--prefer-offline', ...names, ...PEERS],
        project,
      );
      await program('npm', ['ls', ...names], project);
      await program('node', ['main.js'], project);
    });
    console.log('\nThe release works.');
  } finally {
    registry.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

async function step(title, work) {
  const start = performance.now();
  console.log(`\n# ${title}`);
  await work();
  console.log(`# done in ${Math.round((performance.now() - start) / 1000)} s`);
}

function commit(clone, message) {
  const author = ['-c', 'user.name=dry run', '-c', 'user.email=dry-run@example.com'];
  run('git', ['add', '--all'], { cwd: clone });
  run('git', [...author, 'commit', '--quiet', '--message', message], { cwd: clone });
}

function script(clone, name, options = [], env = process.env) {
  return program(process.execPath, [join('scripts/release', name), ...options], clone, env);
}

/** Runs a program while this process continues to serve the registry. */
async function program(file, args, cwd, env = process.env) {
  const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
  const [status] = await once(child, 'exit');
  if (status !== 0) {
    stop(`\`${file} ${args.join(' ')}\``, `exit code ${status}`, '0', 'Fix what it reports.');
  }
}
