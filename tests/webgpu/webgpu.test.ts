import { afterAll, describe, expect, it } from 'vitest';
import { chromiumAdvice } from '../browser/chromium.js';
import { skipped } from '../skipped.js';
import { cases } from './cases.js';
import { type Environment, environments } from './environments.js';

// On a software adapter a shader takes 0.1 s and more to compile, and a network has hundreds: `pnpm test:all` runs a few
// cases, `pnpm --filter @amr/tests test:webgpu` all of them.
const all = Boolean(process.env.AMR_WEBGPU_ALL);
const tried = cases.filter(({ daily }) => all || daily);

/** Part of the largest value: float32 that is summed in another order, through some twenty layers. */
const TOLERANCE = 1e-3;

/** Milliseconds. A software adapter compiles shaders with loops slowly, and more so next to other tests. */
const TIMEOUT = 300_000;

const advice: { [name in keyof typeof environments]: string } = {
  Chromium: chromiumAdvice,
  Node: 'Use a machine with a graphics card and its Vulkan, Metal or D3D12 driver, or set VK_ICD_FILENAMES to a driver.',
};

for (const name of ['Chromium', 'Node'] as const) {
  const environment: Environment | Error = await environments[name]().catch((error: Error) => error);
  const reason = environment instanceof Error ? environment.message.split('\n', 1)[0]! : '';
  if (reason) skipped(`WebGPU in ${name}`, reason, advice[name]);

  describe.skipIf(reason)(`WebGPU in ${name} computes what cpu does`, () => {
    const { compare, close } = environment as Environment;
    const times: string[] = [];
    afterAll(async () => {
      await close();
      if (all) console.log(`Milliseconds in ${name} on WebGPU and cpu:\n${times.join('\n')}`);
    });

    it.each(tried.map((one) => one.name))(
      '%s',
      async (one) => {
        const { differences, deviceErrors, leaked, webgpuMs, cpuMs } = await compare(one);
        times.push(
          `${one}: ${webgpuMs.toFixed()} ${cpuMs.toFixed()}, ${Math.max(...Object.values(differences))} apart`,
        );
        expect(deviceErrors).toEqual([]);
        for (const [what, difference] of Object.entries(differences)) {
          expect(difference, what).toBeLessThan(TOLERANCE);
        }
        expect(leaked).toBe(0);
      },
      TIMEOUT,
    );
  });
}
