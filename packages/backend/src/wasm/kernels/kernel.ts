import type { KernelConfig, NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { WasmBackend } from '../heap.js';

/** The arguments of a kernel: tensors, attributes and the backend that holds the tensors. */
interface KernelArguments<Inputs extends string> {
  inputs: Record<Inputs, TensorInfo> & { [name: string]: TensorInfo | undefined };
  backend: WasmBackend;
  attrs: NamedAttrMap;
}

/** The function that computes a kernel. It returns new tensors and leaves no other behind. */
export type Compute<Inputs extends string, Output = TensorInfo> = (call: KernelArguments<Inputs>) => Output;

/** A kernel for wasm. Where tfjs has one of this name already, `compose` receives it and can call it. */
export interface ComposedKernel {
  kernelName: string;
  compose(stock: Compute<string> | undefined): Compute<string, TensorInfo | TensorInfo[]>;
}

/** A kernel of float32 tensors that needs nothing of tfjs's own. */
export const composed = <Inputs extends string>(
  kernelName: string,
  compute: Compute<Inputs>,
): ComposedKernel => ({
  kernelName,
  compose: () => (call) => {
    for (const [name, info] of Object.entries(call.inputs)) {
      if (info && info.dtype !== 'float32') {
        throw new Error(
          `${kernelName} on wasm: '${name}' is ${info.dtype}, expected float32. Cast it with tf.cast first.`,
        );
      }
    }
    return (compute as unknown as Compute<string>)(call);
  },
});

/** tfjs's own function of a registered kernel in this package's terms. */
export const computeOf = (config: KernelConfig | undefined) =>
  config?.kernelFunc as unknown as Compute<string> | undefined;
