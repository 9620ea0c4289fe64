export * from './errors.js';
export * from './onnx/graph/onnxRunError.js';
export * from './useBackend.js';
export * from './wasm/registerWasmKernels.js';
export * from './webgpu/registerWebgpuKernels.js';
