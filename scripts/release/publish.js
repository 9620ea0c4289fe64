// The second of a release's two commands, `pnpm release:publish`: builds, runs the checks, publishes what npm doesn't have
// yet, with provenance, and tags the commit. It stops before any of that unless everything is as it should be.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { git, pnpm, tool } from './commands.js';
import { addressOf } from './repository.js';
import { stagePackages } from './stage.js';
import { runScript, stop } from './stop.js';
import { pendingChangesets, publishedPackages } from './workspace.js';

/** In the order of what they take, so that a mistake shows early. */
const CHECKS = [
  ['run', 'typecheck'],
  ['run', 'lint'],
  ['--filter', './packages/*', 'run', 'build'],
  ['run', 'check:packages'],
  ['run', 'size'],
];

await runScript(() => {
  const { 'no-provenance': noProvenance, registry } = readOptions();
  const packages = publishedPackages();
  requireAddress(packages);
  requireVersions(packages);
  requireCleanTree();
  if (!noProvenance) requireIdentity();
  for (const check of CHECKS) pnpm(check, { show: true });
  requireCleanTree();
  const staging = mkdtempSync(join(tmpdir(), 'amr-publish-'));
  try {
    stagePackages(staging);
    const env = { ...process.env, NPM_CONFIG_PROVENANCE: String(!noProvenance) };
    if (registry) env.npm_config_registry = registry;
    // There is no git in the copy; the tags belong to the repository.
    tool('changeset', ['publish', '--no-git-tag'], { cwd: staging, env, show: true });
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  tool('changeset', ['tag'], { show: true });
  console.log('Published. Push the tags: `git push --tags`.');
});

/** `--no-provenance` publishes from a machine that is no CI service, `--registry URL` elsewhere than to npm. */
function readOptions() {
  try {
    const options = { 'no-provenance': { type: 'boolean' }, registry: { type: 'string' } };
    return parseArgs({ options }).values;
  } catch (error) {
    return stop(
      'release:publish',
      error.message,
      '--no-provenance, --registry URL',
      'Leave out what is wrong.',
    );
  }
}

/** Every package names the repository; npm's page and the provenance need it. */
function requireAddress(packages) {
  for (const { directory, manifest } of packages) {
    if (addressOf(manifest) && manifest.repository.directory === directory) continue;
    stop(
      `${directory}/package.json, repository`,
      manifest.repository ? JSON.stringify(manifest.repository) : 'none',
      'the public address of this repository',
      'Run `node scripts/set-repository.js URL` and commit what it writes.',
    );
  }
}

/** `release:version` has run: no changeset waits, and each CHANGELOG.md has the version that is about to be published. */
function requireVersions(packages) {
  const pending = pendingChangesets();
  if (pending.length > 0) {
    stop(
      '.changeset',
      pending.join(', '),
      'no changeset that waits',
      'Run `pnpm release:version` and commit.',
    );
  }
  for (const { directory, folder, manifest } of packages) {
    const file = join(folder, 'CHANGELOG.md');
    if (existsSync(file) && readFileSync(file, 'utf8').includes(`\n## ${manifest.version}\n`)) continue;
    stop(
      `${directory}/CHANGELOG.md`,
      `no entry for version ${manifest.version}`,
      'one',
      'Run `pnpm changeset`, then `pnpm release:version`, and commit.',
    );
  }
}

/** What is published is what the commit holds. */
function requireCleanTree() {
  const changed = git(['status', '--porcelain']);
  if (changed) {
    stop('git status', `changed files:\n${changed}\n`, 'none', 'Commit them or stash them.');
  }
}

/** npm's provenance is a statement of a CI service that it built the package; without one npm refuses it late. */
function requireIdentity() {
  const { ACTIONS_ID_TOKEN_REQUEST_URL, SIGSTORE_ID_TOKEN } = process.env;
  if (!ACTIONS_ID_TOKEN_REQUEST_URL && !SIGSTORE_ID_TOKEN) {
    stop(
      'environment',
      'no identity token of a CI service',
      "ACTIONS_ID_TOKEN_REQUEST_URL or SIGSTORE_ID_TOKEN, which npm's provenance needs",
      'Run the workflow `release` (.github/workflows/release.yml), or add --no-provenance.',
    );
  }
}
