// Writes the repository's public address into every published package: `node scripts/set-repository.js URL`.
// `repository`, `homepage` and `bugs` go into package.json. The READMEs keep their relative links; those become absolute
// in the copies that are packed (scripts/release/stage.js).
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAddress, repositoryFields } from './release/repository.js';
import { runScript } from './release/stop.js';
import { publishedPackages } from './release/workspace.js';

await runScript(() => {
  const address = parseAddress(process.argv[2]);
  for (const { name, directory, folder, manifest } of publishedPackages()) {
    const fields = repositoryFields(address, directory);
    writeFileSync(join(folder, 'package.json'), `${JSON.stringify(withFields(manifest, fields), null, 2)}\n`);
    console.log(`${name}: ${fields.homepage}`);
  }
  console.log('Commit these files; `pnpm release:publish` needs them.');
});

/** The fields stand behind `license`; those of an earlier address go. */
function withFields(manifest, fields) {
  const others = Object.entries(manifest).filter(([key]) => !Object.hasOwn(fields, key));
  const place = others.findIndex(([key]) => key === 'license') + 1;
  return Object.fromEntries([...others.slice(0, place), ...Object.entries(fields), ...others.slice(place)]);
}
