import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DatasetError } from '../datasetError.js';
import { httpSource } from './httpSource.js';
import type { Manifest } from './manifest.js';
import { someSamples, writePrepared } from './preparedShards.fixture.js';
import { openShards } from './preparedShards.js';
import { verifyPrepared } from './verifyPrepared.js';

const samples = someSamples(5);
const expected = samples.map(({ id, label, arrays }) => ({ id, label, arrays }));
const shard = 'shards/00000.safetensors';
let folder: string;
let manifest: Manifest;
let server: Server;
let url: string;
/** What the server does. */
let behaviour: {
  ranges: boolean;
  gzip: boolean;
  fail(request: number): number | 'hang up' | 'hang' | 'drip' | undefined;
};
/** Address and range of each request. */
let requests: [string, string | undefined][];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'http-'));
  manifest = await writePrepared(folder, samples, 2);
  server = createServer(async (request, response) => {
    const { pathname, search } = new URL(request.url!, 'http://localhost');
    requests.push([pathname + search, request.headers.range]);
    const failure = behaviour.fail(requests.length);
    if (failure === 'hang') return;
    if (failure === 'drip') {
      response.writeHead(200, { 'content-length': 1000 });
      const timer = setInterval(() => response.write('x'), 5);
      response.on('close', () => clearInterval(timer));
      return;
    }
    if (failure === 'hang up') {
      response.writeHead(200, { 'content-length': 1000 }).write('x', () => response.destroy());
      return;
    }
    if (failure !== undefined) return void response.writeHead(failure).end('sorry');
    const whole = await readFile(join(folder, pathname.replace('/data', ''))).catch(() => undefined);
    if (!whole) return void response.writeHead(404).end();
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    if (behaviour.ranges && first && last) {
      if (Number(first) >= whole.length) {
        return void response.writeHead(416, { 'content-range': `bytes */${whole.length}` }).end();
      }
      const part = whole.subarray(Number(first), Number(last) + 1);
      const range = `bytes ${first}-${Number(first) + part.length - 1}/${whole.length}`;
      return void response
        .writeHead(206, { 'content-range': range, 'content-length': part.length })
        .end(part);
    }
    if (behaviour.gzip)
      return void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(whole));
    response.writeHead(200, { 'content-length': whole.length }).end(whole);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/data`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  behaviour = { ranges: true, gzip: false, fail: () => undefined };
  requests = [];
});
afterEach(() => server.closeAllConnections());

async function readEverything(options: Parameters<typeof httpSource>[1] = {}) {
  const shards = await openShards(httpSource(url, { retryDelay: 1, ...options }));
  try {
    return await Promise.all(shards.samples.map((_, index) => shards.sample(index)));
  } finally {
    await shards.close();
  }
}

describe('httpSource', () => {
  it('requests the ranges that it needs', async () => {
    expect(await readEverything()).toEqual(expected);
    expect(requests.length).toBe(1 + 3 + 5 * 2);
    const { bytes } = manifest.shards[0]!.head!;
    expect(requests[0]).toEqual(['/data/manifest.json', undefined]);
    expect(requests).toContainEqual([`/data/${shard}`, `bytes=0-${bytes - 1}`]);
    expect(requests).toContainEqual([`/data/${shard}`, `bytes=${bytes + 27}-${bytes + 53}`]);
  });

  it.each([false, true])('reads whole files from a server without ranges (compressing: %s)', async (gzip) => {
    behaviour = { ...behaviour, ranges: false, gzip };
    expect(await readEverything()).toEqual(expected);
    const whole = requests.filter(([, range]) => range === undefined).map(([path]) => path);
    expect(whole.sort()).toEqual(
      ['manifest.json', ...manifest.shards.map(({ file }) => file)].map((file) => `/data/${file}`),
    );
  });

  it('fetches whole files on request, and keeps at most wholeBytes', async () => {
    expect(await readEverything({ whole: true })).toEqual(expected);
    expect(requests.map(([, range]) => range)).toEqual([undefined, undefined, undefined, undefined]);
    requests = [];
    const size = manifest.shards[0]!.bytes;
    const source = httpSource(url, { whole: true, wholeBytes: size });
    for (const number of [0, 0, 1, 0]) await source.read(`shards/0000${number}.safetensors`, 0, 8);
    expect(requests.map(([path]) => path.at(-13))).toEqual(['0', '1', '0']);
    const bytes = await source.read(shard, 0, 8);
    bytes.fill(0);
    expect(await source.read(shard, 0, 8)).not.toEqual(bytes);
    await source.close();
    await expect(readEverything({ whole: true, wholeBytes: size - 1 })).rejects.toMatchObject({
      name: 'DatasetError',
      // Samples are read at once, and two shards are of this size: either may be refused first.
      file: expect.stringMatching(/\/data\/shards\/0000[01]\.safetensors$/),
      reason: expect.stringMatching(
        `^got more than ${size - 1} bytes; expected at most ${size - 1}. Use a server that answers requests for ranges`,
      ),
    });
    behaviour.gzip = true;
    await expect(readEverything({ whole: true, wholeBytes: size - 1 })).rejects.toThrow(
      /got more than \d+ bytes; expected at most/,
    );
  });

  it('repeats requests after temporary errors', async () => {
    behaviour.fail = (request) => ([503, 'hang up', 429, undefined] as const)[request % 4];
    expect(await readEverything({ retries: 100, retryDelay: 0 })).toEqual(expected);
    behaviour.fail = () => 500;
    requests = [];
    await expect(readEverything({ retries: 2 })).rejects.toMatchObject({
      name: 'DatasetError',
      file: `${url}/manifest.json`,
      reason: expect.stringMatching(/got HTTP status 500 .*after 3 tries/),
    });
    expect(requests.length).toBe(3);
    const unreachable = openShards(httpSource('http://127.0.0.1:1/', { retries: 1, retryDelay: 1 }));
    await expect(unreachable).rejects.toThrow(/after 2 tries; expected the file\. Check the address.*CORS/);
  });

  it.each([404, 403, 410])('does not repeat a request after %i', async (status) => {
    behaviour.fail = () => status;
    await expect(readEverything()).rejects.toMatchObject({
      name: 'DatasetError',
      reason: expect.stringMatching(`got HTTP status ${status}`),
    });
    expect(requests.length).toBe(1);
  });

  it('says where a file ends that is too short', async () => {
    const size = manifest.shards[0]!.bytes;
    for (const whole of [false, true]) {
      const source = httpSource(url, { whole });
      expect(await source.size(shard)).toBe(size);
      for (const start of [size - 4, size, size + 4]) {
        await expect(source.read(shard, start, 8)).rejects.toMatchObject({
          name: 'DatasetError',
          file: `${url}/${shard}`,
          offset: size,
        });
      }
      await source.close();
    }
  });

  it.each<[string, ResponseInit, number, RegExp]>([
    [
      'another range',
      { status: 206, headers: { 'content-range': 'bytes 9-16/99' } },
      8,
      /got a range from byte 9; expected one from byte 0/,
    ],
    ['too much', { status: 206 }, 9, /got more bytes than the range has; expected 8/],
    ['too little', { status: 206 }, 7, /got 7 bytes; expected at least 8/],
    ['no body', { status: 304 }, 0, /got HTTP status 304/],
  ])('refuses an answer with %s', async (_, init, length, message) => {
    const answer = async () => new Response(length > 0 ? new Uint8Array(length) : null, init);
    const source = httpSource(url, { fetch: answer });
    await expect(source.read(shard, 0, 8)).rejects.toThrow(message);
    await expect(source.read(shard, 0, 8)).rejects.toBeInstanceOf(DatasetError);
  });

  it('stops when its signal aborts or it is closed', async () => {
    for (const stop of ['signal', 'close'] as const) {
      for (const whole of [false, true]) {
        behaviour.fail = () => 'hang';
        requests = [];
        const source = httpSource(url, { whole });
        const controller = new AbortController();
        const reading = source.read(shard, 0, 8, controller.signal);
        const result = expect(reading).rejects.toMatchObject(
          stop === 'signal'
            ? { name: 'AbortError' }
            : { reason: 'got a closed source; expected an open one. Open it again.' },
        );
        while (requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
        if (stop === 'signal') controller.abort();
        else await source.close();
        await result;
        await source.close();
      }
    }
  });

  it.each(['hang', 'drip'] as const)('ends and repeats a request that is too slow: %s', async (failure) => {
    behaviour.fail = () => failure;
    requests = [];
    const source = httpSource(url, { whole: true, timeLimit: 0.1, retries: 1, retryDelay: 1 });
    await expect(source.read(shard, 0, 8)).rejects.toMatchObject({
      name: 'DatasetError',
      file: `${url}/${shard}`,
      reason: expect.stringMatching(/fewer than 65536 bytes in 0.1 s after 2 tries/),
    });
    requests = [];
    await source.close();
    // A request that fails once is repeated with success.
    let first = true;
    behaviour.fail = () => (first ? failure : undefined);
    const again = httpSource(url, { whole: true, timeLimit: 0.5, retryDelay: 1 });
    const reading = again.read(shard, 0, 8);
    while (requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    first = false;
    expect(await reading).toHaveLength(8);
    await again.close();
  });

  it('does not allocate what a server only announces', async () => {
    const fetch = async () =>
      new Response(new Uint8Array(8), { headers: { 'content-length': String(2 ** 40) } });
    const source = httpSource(url, { whole: true, fetch, wholeBytes: 2 ** 41 });
    expect(await source.read(shard, 0, 8)).toHaveLength(8);
    await expect(source.readAll('manifest.json')).rejects.toThrow(/got more than 268435456 bytes/);
    expect(() => httpSource(url, { timeLimit: 0 })).toThrow(
      /timeLimit: got 0; expected seconds above 0, up to 86400/,
    );
  });

  it('keeps the query, and never leaves the folder', async () => {
    const source = httpSource(`${url}?token=a%20b#top`);
    expect(source.name).toBe(url);
    await source.size(shard);
    expect(requests[0]![0]).toBe(`/data/${shard}?token=a%20b`);
    for (const path of ['../x', '/x', '//host/x', 'http://host/x', 'a/../../x', 'a\\x', 'C:/x', '']) {
      await expect(source.read(path, 0, 1)).rejects.toThrow(
        /expected one of a file in the manifest's folder/,
      );
    }
    await expect(source.read('%2e%2e/a?b', 0, 1)).rejects.toMatchObject({ file: `${url}/%2e%2e/a?b` });
    expect(requests.at(-1)![0]).toBe('/data/%252e%252e/a%3Fb?token=a%20b');
    expect(() => httpSource('prepared')).toThrow(/url: got 'prepared'; expected an address of http or https/);
    expect(() => httpSource('file:///prepared')).toThrow(
      /url: got 'file:\/\/\/prepared'; expected an address of http or https/,
    );
    expect(() => httpSource(url, { retrys: 1 } as object)).toThrow(
      'httpSource.retrys: got an unknown option; expected retries. Rename it.',
    );
    expect(() => httpSource(url, { retries: -1 })).toThrow(/retries: got -1; expected a whole number from 0/);
  });

  it('is a source for verifyPrepared', async () => {
    const source = httpSource(url);
    expect(await verifyPrepared(source)).toMatchObject({ shards: 3, samples: 5, faults: [] });
    await source.close();
  });
});
