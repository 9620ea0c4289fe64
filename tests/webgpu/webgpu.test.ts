import { afterAll, describe, expect, it } from 'vitest';
import { skipped } from '../builds.js';
import { cases } from './cases.js';
import { inChromium, inNode, type Place } from './environments.js';

// On a software adapter a shader takes a tenth of a second and more to compile, and a network has hundreds: every day
// runs a few cases, `pnpm --filter @amr/tests test:webgpu` all of them.
const all = Boolean(process.env.AMR_WEBGPU_ALL);
const tried = cases.filter(({ daily }) => all || daily);

/** float32 whose sums run in another order, through some twenty layers: as a share of the largest value. */
const TOLERANCE = 1e-3;

/** Shaders with loops take a software adapter's compiler a while, the more so beside other tests. */
const TIMEOUT = 300_000;

const remedies = {
  Chromium: 'Install it, or set CHROMIUM_PATH to where Chromium or Chrome is.',
  Node: 'It takes a graphics card with its Vulkan, Metal or D3D12 driver, or VK_ICD_FILENAMES that names one.',
};

for (const [name, open] of [
  ['Chromium', inChromium],
  ['Node', inNode],
] as const) {
  // biome-ignore format: two places
  const place: Place | Error = await open().catch((error: Error) => error);
  const reason = place instanceof Error ? place.message.split('\n', 1)[0]! : '';
  if (reason) skipped(`WebGPU in ${name}`, reason, remedies[name]);

  describe.skipIf(reason)(`WebGPU in ${name} computes what cpu does`, () => {
    const { compare, close } = place as Place;
    const times: string[] = [];
    afterAll(async () => {
      await close();
      if (all) console.log(`Milliseconds in ${name} on WebGPU and cpu:\n${times.join('\n')}`);
    });

    it.each(tried.map((one) => one.name))(
      '%s',
      async (one) => {
        const { differences, complaints, leaked, webgpuMs, cpuMs } = await compare(one);
        times.push(
          `${one}: ${webgpuMs.toFixed()} ${cpuMs.toFixed()}, ${Math.max(...Object.values(differences))} apart`,
        );
        expect(complaints).toEqual([]);
        for (const [what, difference] of Object.entries(differences)) {
          expect(difference, what).toBeLessThan(TOLERANCE);
        }
        expect(leaked).toBe(0);
      },
      TIMEOUT,
    );
  });
}
