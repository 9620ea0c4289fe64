// The first of a release's two commands, `pnpm release:version`: raises the versions as the changesets say, writes every
// published package's CHANGELOG.md, and removes the changesets. Nothing is committed.
import { tool } from './commands.js';
import { runScript, stop } from './stop.js';
import { pendingChangesets, publishedPackages } from './workspace.js';

await runScript(() => {
  if (pendingChangesets().length === 0) {
    stop('.changeset', 'no changeset', 'what the release changes', 'Run `pnpm changeset` and describe it.');
  }
  tool('changeset', ['version'], { show: true });
  for (const { name, directory, manifest } of publishedPackages()) {
    console.log(`${name} ${manifest.version}: ${directory}/CHANGELOG.md`);
  }
  console.log('Read the changes and commit them, then run `pnpm release:publish`.');
});
