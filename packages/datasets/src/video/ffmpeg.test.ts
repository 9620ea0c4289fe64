import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { everyFrameOnce, findFfmpeg, runFfmpeg } from './ffmpeg.js';

/** Scripts that replace ffmpeg. Windows doesn't run scripts with a shebang line. */
describe.skipIf(process.platform === 'win32')('ffmpeg', () => {
  let folder: string;
  const program = async (name: string, text: string) => {
    const path = join(folder, name);
    await writeFile(path, `#!/bin/sh\n${text}\n`);
    await chmod(path, 0o755);
    return path;
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'amr-ffmpeg-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  afterEach(() => vi.unstubAllEnvs());

  it('is found by option, FFMPEG_PATH and PATH, in this order', async () => {
    const [own, other] = [await program('ffmpeg', ''), await program('other', '')];
    vi.stubEnv('PATH', `/nowhere:${folder}`);
    vi.stubEnv('FFMPEG_PATH', '');
    expect(await findFfmpeg()).toBe(own);
    vi.stubEnv('FFMPEG_PATH', other);
    expect(await findFfmpeg()).toBe(other);
    expect(await findFfmpeg(own)).toBe(own);
    expect(await findFfmpeg('other')).toBe(other);
    vi.stubEnv('FFMPEG_PATH', join(folder, 'none'));
    await expect(findFfmpeg()).rejects.toThrow(
      /FFMPEG_PATH: got '.*none'; expected the path of a program\. Install ffmpeg/,
    );
    await expect(findFfmpeg(folder)).rejects.toThrow(/ffmpeg: got '.*'; expected the path of a program/);
  });

  it('uses ffmpeg-static, or says how to install ffmpeg', async () => {
    vi.stubEnv('PATH', '/nowhere');
    vi.stubEnv('FFMPEG_PATH', '');
    const packaged = await program('static', '');
    vi.doMock('ffmpeg-static', () => ({ default: packaged }));
    expect(await findFfmpeg()).toBe(packaged);
    // Installed without its program, as when that could not be downloaded.
    vi.doMock('ffmpeg-static', () => ({ default: join(folder, 'none') }));
    await expect(findFfmpeg()).rejects.toThrow(
      /ffmpeg: got no such program.*apt-get install ffmpeg.*ffmpeg-static.*FFMPEG_PATH/,
    );
    vi.doUnmock('ffmpeg-static');
  });

  it('fails with the last error message of ffmpeg, and keeps only the beginning of its log', async () => {
    const noisy = await program(
      'noisy',
      `i=0; while [ $i -lt 2000 ]; do echo "[mov @ 0x1f] [error] bad atom $i" >&2; i=$((i+1)); done
printf '[h264 @ 0x5f] [error] the last word\\n[fatal] Conversion failed!' >&2; exit 1`,
    );
    const run = runFfmpeg({ program: noisy, args: [], file: 'clip.mp4' });
    await expect(run).rejects.toMatchObject({ reason: 'ffmpeg failed: the last word', file: 'clip.mp4' });
    const happy = await program(
      'happy',
      `for i in 1 2 3; do echo "[error] no $i" >&2; done; seq 1 99999 >&2`,
    );
    const log = await runFfmpeg({ program: happy, args: [], file: 'clip.mp4' });
    expect(log.errors).toEqual(['no 1', 'no 2', 'no 3']);
    expect(log.beginning.length).toBe(2000);
    const killed = await program('killed', 'kill -9 $$');
    await expect(runFfmpeg({ program: killed, args: [], file: 'clip.mp4' })).rejects.toThrow(
      /ended by SIGKILL/,
    );
  });

  it('stops a program that hangs, by time limit or signal', async () => {
    const hangs = await program('hangs', 'exec sleep 60');
    const started = Date.now();
    const slow = runFfmpeg({ program: hangs, args: [], file: 'clip.mp4', timeLimit: 0.1 });
    await expect(slow).rejects.toMatchObject({ name: 'DatasetError', file: 'clip.mp4' });
    const stop = new AbortController();
    const stopped = runFfmpeg({ program: hangs, args: [], file: 'clip.mp4', signal: stop.signal });
    setTimeout(() => stop.abort(new Error('enough')), 50);
    await expect(stopped).rejects.toThrow('enough');
    const talks = await program('talks', 'while :; do echo x; done');
    const onOutput = () => {
      throw new Error('too much');
    };
    await expect(runFfmpeg({ program: talks, args: [], file: 'x', onOutput })).rejects.toThrow('too much');
    expect(Date.now() - started).toBeLessThan(10_000);
  });

  it('passes arguments and input unchanged', async () => {
    const echo = await program('echo', 'for a in "$@"; do echo "$a"; done; cat');
    let text = '';
    const args = ["$(touch x)'; *", '-a b'];
    const input = new TextEncoder().encode('input');
    await runFfmpeg({
      program: echo,
      args,
      file: 'x',
      input,
      onOutput: (piece) => {
        text += new TextDecoder().decode(piece);
      },
    });
    expect(text.split('\n').slice(-3)).toEqual([...args, 'input']);
    expect(text).toContain('-nostdin');
  });

  it('knows the option of old and new versions that outputs every frame', async () => {
    const of = async (name: string, version: string) =>
      (await everyFrameOnce(await program(name, `echo 'ffmpeg version ${version} Copyright'`)))[0];
    expect(await of('old', '4.4.2-0ubuntu0.22.04.1')).toBe('-vsync');
    expect(await of('five', '5.0.1')).toBe('-vsync');
    expect(await of('debian', '5.1.9-0+deb12u1')).toBe('-fps_mode');
    expect(await of('tagged', 'n7.1')).toBe('-fps_mode');
    expect(await of('newest', 'N-118000-g1234567890')).toBe('-fps_mode');
  });
});
