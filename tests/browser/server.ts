import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';

const types: { [ending: string]: string } = {
  html: 'text/html',
  js: 'text/javascript',
  json: 'application/json',
  wasm: 'application/wasm',
};

/** Serves folders to this machine only, each below its own path, until it is closed; with `ranges`, also ranges of files. */
export async function serve(
  folders: { [path: string]: string },
  headers: { [name: string]: string } = {},
  { ranges = false } = {},
) {
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url!, 'http://localhost').pathname);
    const [under, folder] = Object.entries(folders).find(([one]) => path.startsWith(one)) ?? [];
    try {
      if (!under || !folder) throw new Error('unknown folder');
      const inside = normalize(path.slice(under.length));
      if (inside.startsWith('..')) throw new Error('outside of the folder');
      const bytes = await readFile(join(folder, inside));
      const type = types[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
      const [, first, last] = (ranges && /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')) || [];
      if (first && last) {
        const part = bytes.subarray(Number(first), Number(last) + 1);
        const range = `bytes ${first}-${Number(first) + part.length - 1}/${bytes.length}`;
        response.writeHead(206, { 'content-type': type, 'content-range': range, ...headers }).end(part);
        return;
      }
      response.writeHead(200, { 'content-type': type, ...headers }).end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}
