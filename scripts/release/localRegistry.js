import { once } from 'node:events';
import { createServer } from 'node:http';

/**
 * An npm registry in memory, for trying a release: it takes what `npm publish` sends and gives it to `npm install`.
 * It listens on this machine only and asks for no password.
 * @returns {Promise<{ address: string, close: () => void }>} `address` ends with a slash
 */
export async function startLocalRegistry() {
  /** @type {Map<string, any>} documents by package name, as npm sends them */
  const documents = new Map();
  const server = createServer(async (request, response) => {
    const [path] = (request.url ?? '').slice(1).split('?');
    const [name, archive] = decodeURIComponent(path).split('/-/');
    if (request.method === 'PUT') {
      const chunks = await request.toArray();
      const sent = JSON.parse(Buffer.concat(chunks).toString());
      documents.set(name, merge(documents.get(name), sent));
      answer(response, 201, { ok: true });
      return;
    }
    const document = documents.get(name);
    const attachment = document?._attachments[archive];
    if (archive === undefined && document) {
      const { _attachments, ...rest } = document;
      answer(response, 200, rest);
    } else if (attachment) {
      response.end(Buffer.from(attachment.data, 'base64'));
    } else {
      answer(response, 404, { error: 'not found' });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { address: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

/** Adds the versions that are sent to those that are there. */
function merge(known, sent) {
  const both = { ...known, ...sent };
  for (const key of ['versions', 'dist-tags', '_attachments']) both[key] = { ...known?.[key], ...sent[key] };
  return both;
}

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
