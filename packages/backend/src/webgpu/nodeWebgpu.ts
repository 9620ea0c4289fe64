/** The used part of a WebGPU adapter. */
interface Adapter {
  isFallbackAdapter?: boolean;
  info?: { isFallbackAdapter?: boolean; vendor?: string; architecture?: string; description?: string };
}

/** The used part of `navigator.gpu`. */
interface Gpu {
  requestAdapter(options?: { powerPreference?: 'high-performance' }): Promise<Adapter | null>;
}

/** What the npm package `webgpu` exports: Dawn, and the classes and constants that pages have as globals. */
interface WebgpuPackage {
  create(options: string[]): Gpu;
  globals: { [name: string]: unknown };
}

/**
 * The object that this module put at `navigator.gpu`. Dawn ends when nothing refers to it any more, and code that replaces
 * the navigator would end it under a running backend, so this module keeps a reference as well.
 */
let ours: Gpu | undefined;

/**
 * Provides WebGPU in Node, which has none: `navigator.gpu` and its globals, from the optional package `webgpu`. Call it
 * before tfjs's backend for WebGPU is imported, which registers itself only where `navigator.gpu` exists. An existing
 * `navigator.gpu` of the user is left alone.
 *
 * When it fails it leaves no trace: a `navigator.gpu` without an adapter would mislead the next library that looks for it.
 *
 * @param load imports the package `webgpu`; its rejection is the reason that is returned
 * @param software whether to accept an adapter that computes on the CPU; it is slower than wasm
 * @returns why WebGPU is not available here, undefined when it is
 */
export async function provideWebgpu(
  load: () => Promise<unknown>,
  software: boolean,
): Promise<string | undefined> {
  const present = (globalThis.navigator as { gpu?: Gpu } | undefined)?.gpu;
  if (present && present !== ours) return undefined;
  let globals: WebgpuPackage['globals'] = {};
  let gpu = ours;
  let adapter: Adapter | null;
  try {
    if (!gpu) {
      const loaded = (await load()) as WebgpuPackage;
      globals = loaded.globals;
      gpu = loaded.create([]);
    }
    adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  } catch (error) {
    return `navigator.gpu is missing, and ${(error as Error).message}`;
  }
  if (!adapter)
    return 'the package webgpu finds no adapter: no graphics card with a Vulkan, Metal or D3D12 driver';
  if (!software && isSoftware(adapter)) {
    const { description } = adapter.info ?? {};
    return `its adapter computes on the processor${description ? ` (${description})` : ''}, slower than wasm; ask for it by name`;
  }
  // tfjs's backend reads GPUBufferUsage and others from the global scope as soon as it is imported.
  Object.assign(globalThis, globals);
  place(gpu);
  ours = gpu;
  return undefined;
}

/** SwiftShader reports itself as a fallback; Mesa's llvmpipe and lavapipe are recognised by their names. */
function isSoftware({ isFallbackAdapter, info = {} }: Adapter): boolean {
  const named = `${info.vendor} ${info.architecture} ${info.description}`;
  return (
    (isFallbackAdapter ?? false) ||
    (info.isFallbackAdapter ?? false) ||
    /swiftshader|llvmpipe|lavapipe/i.test(named)
  );
}

/** Node 20 has no navigator; Node 21 and later have one that can't be assigned to, but that takes a property. */
function place(gpu: Gpu) {
  const value = { value: gpu, configurable: true, writable: true, enumerable: true };
  if (globalThis.navigator) Object.defineProperty(globalThis.navigator, 'gpu', value);
  else
    Object.defineProperty(globalThis, 'navigator', {
      ...value,
      value: Object.defineProperty({}, 'gpu', value),
    });
}
