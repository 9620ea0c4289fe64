export { FormatError } from './errors.js';
export { type MatArray, type MatOptions, matRowByRow, readMat } from './matlab/mat.js';
export { MatError } from './matlab/matError.js';
export { type ElementType, float32ValuesOf, type NumericArray, type NumericValues } from './numericArray.js';
export { NpyError, readNpy } from './numpy/npy.js';
export { type NpzOptions, readNpz } from './numpy/npz.js';
export { NumpyArray, numpyGlobals } from './numpy/numpyPickle.js';
export {
  PickleError,
  type PickleGlobal,
  type PickleOptions,
  PickleRefusedError,
  readPickle,
} from './pickle/pickle.js';
export { plainGlobals } from './pickle/plainGlobals.js';
export {
  layOutSafetensors,
  readSafetensors,
  readSafetensorsHead,
  type SafetensorsDtype,
  type SafetensorsEntry,
  SafetensorsError,
  type SafetensorsFile,
  type SafetensorsHead,
  type SafetensorsPlace,
  safetensorsValues,
  writeSafetensors,
} from './safetensors/safetensors.js';
export { readTensorFile, type TensorFile, type TensorFileOptions } from './tensorFile.js';
export { stateDictOf } from './torch/stateDict.js';
export { readTorchFile, type TorchFileOptions, type TorchValue } from './torch/torchFile.js';
export { TorchFileError } from './torch/torchTensors.js';
export { crc32 } from './zip/crc32.js';
export { readZip, type ZipEntry, ZipError, type ZipOptions } from './zip/zip.js';
