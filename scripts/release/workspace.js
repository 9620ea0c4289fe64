import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * The packages that go to npm: those of `packages/` that are not private, by name.
 * @returns {{ name: string, directory: string, folder: string, manifest: any }[]} `directory` is relative to the
 * repository, as in 'packages/layers'; `folder` is absolute; `manifest` is the parsed package.json
 */
export function publishedPackages() {
  return readdirSync(join(root, 'packages'))
    .sort()
    .map((entry) => {
      const directory = `packages/${entry}`;
      const folder = join(root, directory);
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      return { name: manifest.name, directory, folder, manifest };
    })
    .filter(({ manifest }) => !manifest.private);
}

/** Names of the changesets that wait for a release, as in 'first-release.md'. */
export function pendingChangesets() {
  return readdirSync(join(root, '.changeset')).filter((file) => file.endsWith('.md') && file !== 'README.md');
}
