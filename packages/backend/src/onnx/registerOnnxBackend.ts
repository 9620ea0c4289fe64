import '@tensorflow/tfjs-backend-cpu';
import {
  type DataType,
  env,
  getKernelsForBackend,
  type KernelConfig,
  type KernelFunc,
  registerBackend,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
  util,
} from '@tensorflow/tfjs-core';
import { Graph } from './graph/graph.js';
import type { Runtime } from './graph/runtime.js';
import { BLOCKED } from './graph/toLayout.js';
import { Value } from './graph/value.js';
import type { KernelCall, Lowering, Lowerings } from './lowering.js';
import { affine } from './lowerings/affine.js';
import { choices } from './lowerings/choices.js';
import { convolutions } from './lowerings/convolutions.js';
import { depthwise } from './lowerings/depthwise.js';
import { elementwise } from './lowerings/elementwise.js';
import { fusions } from './lowerings/fused.js';
import { pooling } from './lowerings/pooling.js';
import { products } from './lowerings/products.js';
import { reductions } from './lowerings/reductions.js';
import { shapeOnly, shapes } from './lowerings/shapes.js';
import { OnnxBackend } from './onnxBackend.js';

/** Up to this many elements, computed tensors are left to tfjs's cpu kernels: a call of ONNX Runtime costs more. */
const SMALL = 2048;

/** tfjs's flag for leaving small tensors to its cpu kernels, as WEBGL_CPU_FORWARD is for WebGL. Tests turn it off. */
const FORWARD = 'ONNX_CPU_FORWARD';
env().registerFlag(FORWARD, () => true);

/** Kernels that are wrong in tfjs's cpu backend: they are recorded at any size. */
const wrongOnCpu: { [kernelName: string]: (inputs: KernelCall['inputs']) => boolean } = {
  // They confuse a window's height with its width.
  MaxPool3DGrad: () => true,
  AvgPool3DGrad: () => true,
  // It takes the wrong matrices where both sides broadcast.
  BatchMatMul: ({ a, b }) => a!.shape.slice(0, -2).join() !== b!.shape.slice(0, -2).join(),
};

/** Types of tensors that the graph holds. */
const types: ReadonlySet<DataType> = new Set(['float32', 'int32', 'bool']);

const lowerings: Lowerings = {
  ...elementwise,
  ...affine,
  ...convolutions,
  ...depthwise,
  ...fusions,
  ...pooling,
  ...products,
  ...reductions,
  ...choices,
  ...shapes,
};

/** Registers the backend 'onnx' with tfjs: the kernels of its cpu backend, the heavy ones recorded for ONNX Runtime. */
export function registerOnnxBackend(runtime: Runtime): void {
  // A removed backend leaves its kernels registered.
  for (const { kernelName } of getKernelsForBackend('onnx')) unregisterKernel(kernelName, 'onnx');
  for (const config of getKernelsForBackend('cpu')) {
    const lowering = lowerings[config.kernelName];
    registerKernel({
      ...config,
      backendName: 'onnx',
      kernelFunc: (lowering ? lowered(config, lowering) : config.kernelFunc) as KernelConfig['kernelFunc'],
    });
  }
  registerBackend('onnx', () => new OnnxBackend(runtime, blockSize(runtime)), 2);
}

/** A kernel that records where that pays, and otherwise computes as tfjs's cpu backend does. */
function lowered({ kernelName, kernelFunc }: KernelConfig, lowering: Lowering): KernelFunc {
  const free = shapeOnly.has(kernelName);
  const isWrong = wrongOnCpu[kernelName];
  return (call) => {
    const { inputs, backend, attrs } = call as unknown as KernelCall;
    const infos = Object.values(inputs).filter(Boolean);
    // ONNX Runtime has nothing to do for empty tensors, and the graph holds neither texts nor complex numbers.
    const empty = infos.some(({ shape }) => shape.includes(0)) && kernelName !== 'Concat';
    if (empty || infos.some(({ dtype }) => !types.has(dtype))) return kernelFunc(call);
    if (
      !free &&
      !isWrong?.(inputs) &&
      env().getBool(FORWARD) &&
      infos.every((info) => !backend.isPending(info))
    ) {
      if (infos.reduce((sum, { shape }) => sum + util.sizeFromShape(shape), 0) <= SMALL)
        return kernelFunc(call);
    }
    backend.beginKernel();
    return (lowering({ inputs, backend, attrs: attrs ?? {} }) as TensorInfo | undefined) ?? kernelFunc(call);
  };
}

/** Channels in a block of ONNX Runtime's convolutions, found from where a channel is stored. 0 where there are no blocks. */
function blockSize(runtime: Runtime): number {
  const graph = new Graph(runtime);
  const channels = 32;
  const input = new Value(
    'float32',
    [1, channels, 2, 1],
    Float32Array.from({ length: 2 * channels }, (_, i) => i),
  );
  try {
    const blocks = graph.record('ReorderInput', [input], [1, channels, 2, 1], { domain: BLOCKED });
    graph.run([blocks]);
    // In memory: block after block of pixels, the channels of the block within each. Pixel 1 of channel 0 is number 1.
    const block = (blocks.data as Float32Array).indexOf(1);
    return block > 1 && channels % block === 0 ? block : 0;
  } catch {
    return 0;
  } finally {
    graph.dispose();
  }
}
