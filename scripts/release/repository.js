import { stop } from './stop.js';

const EXAMPLE = 'https://github.com/OWNER/NAME';

/**
 * Checks the address of the repository.
 * @param {string | undefined} address as a user types it
 * @returns {string} the address without `.git` and without a slash at its end
 * @throws {ReleaseError} when it isn't an https address of a whole repository
 */
export function parseAddress(address) {
  const fail = (got, advice) => stop('URL', got, `the repository's address, such as ${EXAMPLE}`, advice);
  if (!address) fail('nothing', 'Run `node scripts/set-repository.js URL`.');
  const ssh = /^(?:ssh:\/\/)?[\w.-]+@([\w.-]+)[:/](.+?)(?:\.git)?\/?$/.exec(address);
  if (ssh) fail(`'${address}', an address for SSH`, `Write https://${ssh[1]}/${ssh[2]}.`);
  if (!URL.canParse(address)) {
    fail(`'${address}', which has no protocol`, 'Write all of it, https:// included.');
  }
  const url = new URL(address);
  if (url.protocol !== 'https:') fail(`'${address}', of protocol ${url.protocol}`, 'Write https:// instead.');
  if (url.username || url.password || url.search || url.hash) {
    fail(`'${address}'`, 'Leave out the user, the password, and what follows ? or #.');
  }
  const path = url.pathname.replace(/\/+$/, '').replace(/\.git$/, '');
  const page = /\/(?:-\/)?(?:tree|blob|issues|src)(?:\/|$)/.exec(path);
  if (page) {
    const whole = `${url.origin}${path.slice(0, page.index)}`;
    fail(`'${address}', a page of a repository`, `Write ${whole}.`);
  }
  if (!/^\/[^/]+\/[^/]/.test(path)) {
    fail(`'${address}', without an owner and a name`, `The path has both, as in ${EXAMPLE}.`);
  }
  return `${url.origin}${path}`;
}

/**
 * What a package.json says about the repository.
 * @param {string} address of {@link parseAddress}
 * @param {string} directory the package's folder, as in 'packages/layers'
 */
export function repositoryFields(address, directory) {
  return {
    homepage: `${fileAddress(address, directory, 'tree')}#readme`,
    bugs: { url: `${address}${isGitLab(address) ? '/-' : ''}/issues` },
    repository: { type: 'git', url: `git+${address}.git`, directory },
  };
}

/**
 * The repository's address that a package.json holds, undefined before `set-repository.js` has run.
 * @returns {string | undefined}
 */
export function addressOf(manifest) {
  const url = manifest.repository?.url;
  return url === undefined ? undefined : parseAddress(url.replace(/^git\+/, ''));
}

/**
 * The address of a file or folder, on the default branch.
 * @param {string} address of {@link parseAddress}
 * @param {string} path relative to the repository
 * @param {'tree' | 'blob' | 'raw'} kind a folder's page, a file's page, or the file itself, as images need it
 */
export function fileAddress(address, path, kind) {
  return `${address}${isGitLab(address) ? '/-' : ''}/${kind}/HEAD/${encodeURI(path)}`;
}

/** GitLab puts `/-/` before its pages; GitHub and the others don't. */
const isGitLab = (address) => /(^|\.)gitlab\./.test(new URL(address).hostname);
