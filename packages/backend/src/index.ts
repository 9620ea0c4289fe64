export * from './backendUnavailableError.js';
export * from './onnx/onnxRunError.js';
export * from './registerWasmKernels.js';
export * from './registerWebgpuKernels.js';
export * from './useBackend.js';
