import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

/** The commands of a release in a copy of the repository, up to where they would reach npm. */
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'amr-release-'));
const copy = join(folder, 'amr');
const ADDRESS = 'https://github.com/example/amr';
const PUBLISHED = ['attacks', 'backend', 'datasets', 'encoders', 'formats', 'layers', 'train'];

// Each test starts a handful of programs, npm among them, which take their time on a busy machine.
vi.setConfig({ testTimeout: 5 * 60_000, hookTimeout: 5 * 60_000 });

beforeAll(() => {
  const left = ['node_modules', 'src', 'test-data', 'bench', 'runs'];
  for (const entry of [
    '.changeset',
    'packages',
    'scripts',
    'examples',
    'benchmarks',
    'docs',
    'tests',
    'package.json',
  ]) {
    cpSync(join(root, entry), join(copy, entry), {
      recursive: true,
      filter: (path) => !left.includes(basename(path)),
    });
  }
  writeFileSync(join(copy, '.gitignore'), 'dist/\n');
  // As before the first run of set-repository.js, whether or not it has run.
  for (const name of PUBLISHED) {
    const { homepage, bugs, repository, ...rest } = manifest(name);
    writeFileSync(join(copy, 'packages', name, 'package.json'), `${JSON.stringify(rest, null, 2)}\n`);
  }
  git('init', '--quiet');
  commit();
  git('tag', 'start');
});

beforeEach(() => {
  git('reset', '--quiet', '--hard', 'start');
  git('clean', '--quiet', '--force', '-d');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('set-repository', () => {
  it('writes the addresses into every published package, and nothing else', () => {
    const before = manifest('layers');
    expect(script('scripts/set-repository.js', `${ADDRESS}.git`).status).toBe(0);
    expect(manifest('layers')).toEqual({
      ...before,
      homepage: `${ADDRESS}/tree/HEAD/packages/layers#readme`,
      bugs: { url: `${ADDRESS}/issues` },
      repository: { type: 'git', url: `git+${ADDRESS}.git`, directory: 'packages/layers' },
    });
    expect(manifest('internal')).not.toHaveProperty('repository');
    const changed = git('diff', '--name-only').trim().split('\n');
    expect(changed.every((file) => /^packages\/\w+\/package\.json$/.test(file))).toBe(true);
  });

  it('replaces an earlier address, and a second run changes nothing', () => {
    script('scripts/set-repository.js', ADDRESS);
    script('scripts/set-repository.js', 'https://gitlab.com/group/amr');
    const once = readFileSync(join(copy, 'packages/layers/package.json'), 'utf8');
    expect(once).not.toContain('github.com');
    expect(manifest('layers').bugs.url).toBe('https://gitlab.com/group/amr/-/issues');
    script('scripts/set-repository.js', 'https://gitlab.com/group/amr/');
    expect(readFileSync(join(copy, 'packages/layers/package.json'), 'utf8')).toBe(once);
  });

  it.each([
    ['', /^URL: got nothing; expected the repository's address, such as \S+\. Run `node scripts\/set-repo/],
    [
      'github.com/example/amr',
      /^URL: got 'github.com\/example\/amr', which has no protocol; expected .*https:\/\//,
    ],
    [
      'http://github.com/example/amr',
      /^URL: got '.*', of protocol http:; expected .* Write https:\/\/ instead\./,
    ],
    ['git@github.com:example/amr.git', /an address for SSH; .* Write https:\/\/github\.com\/example\/amr\.$/],
    ['https://github.com/example', /without an owner and a name; expected /],
    [
      `${ADDRESS}/tree/main/packages`,
      /a page of a repository; .* Write https:\/\/github\.com\/example\/amr\.$/,
    ],
    ['https://me:secret@github.com/example/amr', /Leave out the user, the password/],
  ])('refuses %s', (address, message) => {
    const { status, stderr } = script('scripts/set-repository.js', ...(address ? [address] : []));
    expect(stderr.trim()).toMatch(message);
    expect(status).toBe(1);
    expect(git('status', '--porcelain')).toBe('');
  });
});

describe('pack', () => {
  it('makes the links of READMEs absolute, those outside of code', () => {
    script('scripts/set-repository.js', ADDRESS);
    commit();
    const readme = join(copy, 'packages/layers/README.md');
    mkdirSync(join(copy, 'packages/layers/images'));
    writeFileSync(join(copy, 'packages/layers/images/amr.svg'), '<svg/>');
    const links = [
      ['[a](../attacks)', `[a](${ADDRESS}/tree/HEAD/packages/attacks)`],
      [
        '[b](../attacks/README.md#pgd "title")',
        `[b](${ADDRESS}/blob/HEAD/packages/attacks/README.md#pgd "title")`,
      ],
      ['![c](images/amr.svg)', `![c](${ADDRESS}/raw/HEAD/packages/layers/images/amr.svg)`],
      [
        '[![d](./images/amr.svg)](/package.json)',
        `[![d](${ADDRESS}/raw/HEAD/packages/layers/images/amr.svg)](${ADDRESS}/blob/HEAD/package.json)`,
      ],
      ['[e]: ../../benchmarks/README.md', `[e]: ${ADDRESS}/blob/HEAD/benchmarks/README.md`],
      ['<img src="images/amr.svg">', `<img src="${ADDRESS}/raw/HEAD/packages/layers/images/amr.svg">`],
    ];
    const kept = [
      '[f](#exports) [g](https://arxiv.org/abs/2407.19981) `[h](nowhere.md)`',
      '```md',
      '[i](nowhere.md)',
      '```',
    ];
    writeFileSync(readme, [...links.map(([link]) => link), ...kept].join('\n'));
    expect(packed('layers', 'README.md').split('\n')).toEqual([...links.map(([, link]) => link), ...kept]);
  });

  it('leaves the working tree clean, also when a link leads nowhere', () => {
    script('scripts/set-repository.js', ADDRESS);
    writeFileSync(join(copy, 'packages/layers/README.md'), 'See [there](../../nowhere.md).\n');
    commit();
    const { status, stderr } = script('scripts/release/pack.js', join(folder, 'never'));
    expect(stderr.trim()).toBe(
      'packages/layers/README.md: got a link to ../../nowhere.md; expected a file of the repository. Correct the link.',
    );
    expect(status).toBe(1);
    expect(git('status', '--porcelain')).toBe('');
  });

  it('gives npm the ranges of the other packages, and no private package', () => {
    const { version } = manifest('train');
    const { dependencies, devDependencies, scripts } = JSON.parse(packed('train', 'package.json'));
    expect(dependencies['@amr/attacks']).toBe(`^${version}`);
    expect([devDependencies, scripts]).toEqual([undefined, undefined]);
  });
});

describe('release:publish', () => {
  const publish = (...options: string[]) => script('scripts/release/publish.js', ...options).stderr.trim();
  const release = () => {
    script('scripts/set-repository.js', ADDRESS);
    git('rm', '--quiet', '--ignore-unmatch', '.changeset/*.md');
    for (const name of PUBLISHED) {
      const { version } = manifest(name);
      writeFileSync(join(copy, 'packages', name, 'CHANGELOG.md'), `# @amr/${name}\n\n## ${version}\n`);
    }
  };

  it('stops until the address of the repository is set', () => {
    expect(publish()).toBe(
      'packages/attacks/package.json, repository: got none; expected the public address of this repository. Run `node scripts/set-repository.js URL` and commit what it writes.',
    );
  });

  it('stops while changesets wait', () => {
    release();
    writeFileSync(join(copy, '.changeset/later.md'), "---\n'@amr/layers': patch\n---\n\nMore.\n");
    expect(publish()).toMatch(
      /^\.changeset: got later\.md; expected no changeset that waits\. Run `pnpm release:version`/,
    );
  });

  it('stops when a CHANGELOG.md has no entry for the version', () => {
    release();
    writeFileSync(join(copy, 'packages/formats/CHANGELOG.md'), '# @amr/formats\n\n## 0.0.0-before\n');
    expect(publish()).toMatch(
      /^packages\/formats\/CHANGELOG\.md: got no entry for version \S+; expected one\./,
    );
  });

  it('stops when files have changed since the commit', () => {
    release();
    expect(publish()).toMatch(
      /^git status: got changed files:\n[\s\S]*; expected none\. Commit them or stash them\.$/,
    );
  });

  it('stops where npm can make no provenance', () => {
    release();
    commit();
    expect(publish()).toMatch(
      /^environment: got no identity token of a CI service; expected .* --no-provenance\.$/,
    );
  });

  it('refuses options that it does not know', () => {
    expect(publish('--dry')).toMatch(
      /^release:publish: got .*--dry.*; expected --no-provenance, --registry URL\./,
    );
  });
});

it('refuses to publish a package by itself', () => {
  const { status, stderr } = spawnSync('npm', ['publish', '--dry-run'], {
    cwd: join(copy, 'packages/layers'),
    encoding: 'utf8',
  });
  expect(stderr).toMatch(/publish: got a package by itself; expected .* Run `pnpm release:publish`/);
  expect(status).not.toBe(0);
});

/** Runs a script of the copy, outside of any CI service. */
function script(path: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env };
  for (const token of ['ACTIONS_ID_TOKEN_REQUEST_URL', 'SIGSTORE_ID_TOKEN']) delete env[token];
  return spawnSync(process.execPath, [path, ...args], { cwd: copy, env, encoding: 'utf8' });
}

/** A file out of a package's archive. */
function packed(name: string, file: string): string {
  const target = mkdtempSync(join(folder, 'packed-'));
  const { status, stdout, stderr } = script('scripts/release/pack.js', target, `@amr/${name}`);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return execFileSync('tar', ['-xzOf', stdout.trim(), `package/${file}`], { encoding: 'utf8' });
}

const manifest = (name: string) =>
  JSON.parse(readFileSync(join(copy, 'packages', name, 'package.json'), 'utf8'));

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: copy, encoding: 'utf8' });
}

function commit(): void {
  git('add', '--all');
  git('-c', 'user.name=test', '-c', 'user.email=test@example.com', 'commit', '--quiet', '--message', 'Test');
}
