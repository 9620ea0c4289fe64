import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { absoluteLinks } from './absoluteLinks.js';
import { run } from './commands.js';
import { addressOf } from './repository.js';
import { stop } from './stop.js';
import { publishedPackages, root } from './workspace.js';

/**
 * Copies what is published into an empty folder outside the repository, as a small workspace that `changeset publish` and
 * `npm pack` can work in. Only the copies change, so the working tree stays clean whatever fails:
 * - READMEs get absolute links once the repository's address is known;
 * - ranges of the workspace become those that npm understands;
 * - devDependencies and scripts go, which name private packages and are of no use to users.
 * @param {string} target an empty folder
 * @returns {{ name: string, directory: string, folder: string, manifest: any }[]} the copies
 * @throws {ReleaseError} when a package isn't built
 */
export function stagePackages(target) {
  const packages = publishedPackages();
  const versions = new Map(packages.map(({ name, manifest }) => [name, manifest.version]));
  writeJson(join(target, 'package.json'), { name: 'amr', private: true });
  writeFileSync(join(target, 'pnpm-workspace.yaml'), 'packages:\n  - packages/*\n');
  mkdirSync(join(target, '.changeset'));
  cpSync(join(root, '.changeset', 'config.json'), join(target, '.changeset', 'config.json'));
  return packages.map((original) => {
    const folder = join(target, original.directory);
    mkdirSync(folder, { recursive: true });
    copyFiles(original, folder);
    const { devDependencies, scripts, ...manifest } = original.manifest;
    for (const kind of ['dependencies', 'peerDependencies', 'optionalDependencies']) {
      if (manifest[kind]) manifest[kind] = publicRanges(manifest[kind], versions, original.directory);
    }
    writeJson(join(folder, 'package.json'), manifest);
    const readme = join(folder, 'README.md');
    const text = readFileSync(readme, 'utf8');
    const address = addressOf(manifest);
    // Without an address the links are checked only.
    const linked = absoluteLinks(text, original.directory, address ?? 'https://example.com');
    if (address) writeFileSync(readme, linked);
    return { ...original, folder, manifest };
  });
}

/**
 * Packs a copy of {@link stagePackages}.
 * @returns {string} the archive's path
 */
export function packStaged({ folder }, destination) {
  const [{ filename }] = JSON.parse(
    run('npm', ['pack', '--json', '--pack-destination', destination], { cwd: folder }),
  );
  // Old versions of npm write @amr/layers-0.1.0.tgz here and name the file amr-layers-0.1.0.tgz.
  return join(destination, filename.replace(/^@/, '').replace('/', '-'));
}

/** Copies what `files` names. CHANGELOG.md is there from the first release on; everything else has to be. */
function copyFiles({ directory, folder, manifest }, target) {
  for (const entry of manifest.files) {
    const source = join(folder, entry);
    if (!existsSync(source)) {
      if (entry === 'CHANGELOG.md') continue;
      stop(`${directory}/${entry}`, 'nothing', 'the files to publish', 'Run `pnpm build` first.');
    }
    cpSync(source, join(target, entry), { recursive: true });
  }
  if (!readdirSync(target).includes('LICENSE')) {
    stop(`${directory}/package.json, files`, 'no LICENSE', 'one', 'Add LICENSE to `files`.');
  }
}

/** `workspace:^` becomes ^ and the version of the package that is meant. */
function publicRanges(dependencies, versions, directory) {
  return Object.fromEntries(
    Object.entries(dependencies).map(([name, range]) => {
      if (!range.startsWith('workspace:')) return [name, range];
      if (!versions.has(name)) {
        stop(
          `${directory}/package.json, ${name}`,
          `'${range}' of a package that is private`,
          'dependencies that npm can install',
          'Bundle the package and list it in devDependencies.',
        );
      }
      const wanted = range.slice('workspace:'.length);
      if (wanted === '*') return [name, versions.get(name)];
      return [name, wanted === '^' || wanted === '~' ? `${wanted}${versions.get(name)}` : wanted];
    }),
  );
}

const writeJson = (path, value) => writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
