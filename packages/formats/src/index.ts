export { FormatError, FormatOptionsError } from './errors.js';
export { type MatOptions, matRowByRow, readMat } from './matlab/mat.js';
export { MatError } from './matlab/matError.js';
export type { MatArray } from './matlab/matVariable.js';
export { type ElementType, float32ValuesOf, type NumericArray, type NumericValues } from './numericArray.js';
export { NpyError, readNpy } from './numpy/npy.js';
export { type NpzOptions, readNpz } from './numpy/npz.js';
export { NumpyArray, numpyGlobals } from './numpy/numpyPickle.js';
export { readPickle } from './pickle/pickle.js';
export { PickleError, PickleRefusedError } from './pickle/pickleErrors.js';
export type { PickleGlobal, PickleOptions } from './pickle/pickleMachine.js';
export { plainGlobals } from './pickle/plainGlobals.js';
export { readSafetensors, readSafetensorsHead } from './safetensors/readSafetensors.js';
export {
  type SafetensorsDtype,
  type SafetensorsEntry,
  SafetensorsError,
  type SafetensorsFile,
  type SafetensorsHead,
  type SafetensorsPlace,
  safetensorsValues,
} from './safetensors/safetensors.js';
export { layOutSafetensors, writeSafetensors } from './safetensors/writeSafetensors.js';
export { readTensorFile, type TensorFile, type TensorFileOptions } from './tensorFile.js';
export { stateDictOf } from './torch/stateDict.js';
export { readTorchFile, type TorchFileOptions, type TorchValue } from './torch/torchFile.js';
export { TorchFileError } from './torch/torchTensors.js';
export { crc32 } from './zip/crc32.js';
export { readZip, type ZipEntry, ZipError, type ZipOptions } from './zip/zip.js';
