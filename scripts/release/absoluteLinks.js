import { existsSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileAddress } from './repository.js';
import { stop } from './stop.js';
import { root } from './workspace.js';

const IMAGE = /\.(?:avif|gif|jpe?g|png|svg|webp)$/i;
// What stands where a link's destination begins, then the destination: inline links and images, definitions of
// references, and HTML.
const DESTINATIONS = [
  /(\]\(\s*<?)([^)\s>]+)/g,
  /(^ {0,3}\[[^\]]+\]:\s*<?)([^\s>]+)/g,
  /((?:href|src)=["'])([^"']+)/g,
];

/**
 * Makes the relative links of a Markdown file absolute, so that they work on a package's page, where there is no
 * repository around the file. Code and links within the page stay as they are.
 * @param {string} markdown
 * @param {string} directory the file's folder, as in 'packages/layers'
 * @param {string} address the repository's
 * @throws {ReleaseError} when a link leads to a file that isn't there
 */
export function absoluteLinks(markdown, directory, address) {
  let fence = '';
  return markdown
    .split('\n')
    .map((line) => {
      const marker = /^\s*(`{3,}|~{3,})/.exec(line)?.[1] ?? '';
      if (fence) {
        if (marker.startsWith(fence)) fence = '';
        return line;
      }
      fence = marker;
      return fence ? line : outsideCode(line, (text) => replaceDestinations(text, directory, address));
    })
    .join('\n');
}

/** Changes the parts of a line that aren't `code`; backticks pair with those of the same length. */
function outsideCode(line, change) {
  const spans = [];
  const hidden = line.replace(/(`+)(?!`).*?(?<!`)\1(?!`)/g, (code) => `\0${spans.push(code) - 1}\0`);
  return change(hidden).replace(/\0(\d+)\0/g, (_, index) => spans[Number(index)]);
}

function replaceDestinations(text, directory, address) {
  let changed = text;
  for (const destination of DESTINATIONS) {
    changed = changed.replace(destination, (whole, before, link) =>
      isRelative(link) ? before + absoluteLink(link, directory, address) : whole,
    );
  }
  return changed;
}

const isRelative = (link) => !/^(?:[a-z][a-z\d+.-]*:|\/\/|#)/i.test(link);

function absoluteLink(link, directory, address) {
  const [, file, rest] = /^([^?#]*)(.*)$/.exec(link);
  const path = posix.normalize(file.startsWith('/') ? file.slice(1) : posix.join(directory, decodeURI(file)));
  const target = join(root, path);
  if (path.startsWith('..') || !existsSync(target)) {
    stop(`${directory}/README.md`, `a link to ${link}`, 'a file of the repository', 'Correct the link.');
  }
  const kind = statSync(target).isDirectory() ? 'tree' : IMAGE.test(path) ? 'raw' : 'blob';
  return fileAddress(address, path, kind) + rest;
}
