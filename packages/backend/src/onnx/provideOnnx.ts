import { Graph } from './graph/graph.js';
import { bindingSpecifier, isBinding, Runtime } from './graph/runtime.js';
import { Value } from './graph/value.js';
import { registerOnnxBackend } from './registerOnnxBackend.js';

/**
 * Registers the backend 'onnx'.
 * @param load imports a module of the optional package onnxruntime-node; its rejection is passed on
 * @param threads threads of an operation. Default: all cores
 * @returns why it is not available, undefined when it is registered
 */
export async function provideOnnx(
  load: (specifier: string) => Promise<unknown>,
  threads?: number,
): Promise<string | undefined> {
  const loaded = await load(bindingSpecifier);
  // What a CommonJS module exports is the default export of its import.
  const binding = [loaded, (loaded as { default?: unknown }).default].find(isBinding);
  if (!binding) {
    return `${bindingSpecifier} is not what it is in version 1.30: it exports no InferenceSession that answers at once`;
  }
  const runtime = new Runtime(binding, threads ?? (await cores()));
  const failure = tried(runtime);
  if (failure !== undefined) return `it does not compute: ${failure}`;
  registerOnnxBackend(runtime);
  return undefined;
}

/** Why a model of one operation fails, or undefined: the API in use is not public, so it is tried first. */
function tried(runtime: Runtime): string | undefined {
  const graph = new Graph(runtime);
  try {
    const result = graph.record('Neg', [new Value('float32', [1], Float32Array.of(7))], [1]);
    graph.run([result]);
    return result.data?.[0] === -7 ? undefined : `-7 is ${result.data}`;
  } catch (error) {
    return (error as Error).message;
  } finally {
    graph.dispose();
  }
}

/** The processors that this process may use. */
async function cores(): Promise<number> {
  // Not by a name that bundlers of pages would look for.
  const name = 'node:os';
  const { availableParallelism } = (await import(
    /* @vite-ignore */ /* webpackIgnore: true */ name
  )) as typeof import('node:os');
  return availableParallelism();
}
