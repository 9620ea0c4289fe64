export { crc32 } from './crc32.js';
export { FormatError } from './formatError.js';
export { type MatArray, type MatOptions, matRowByRow, readMat } from './mat.js';
export { MatError } from './matError.js';
export { NpyError, readNpy } from './npy.js';
export { type NpzOptions, readNpz } from './npz.js';
export { type ElementType, float32ValuesOf, type NumericArray, type NumericValues } from './numericArray.js';
export { NumpyArray, numpyGlobals } from './numpyPickle.js';
export {
  PickleError,
  type PickleGlobal,
  type PickleOptions,
  PickleRefusedError,
  readPickle,
} from './pickle.js';
export { plainGlobals } from './plainGlobals.js';
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
} from './safetensors.js';
export { stateDictOf } from './stateDict.js';
export { readTensorFile, type TensorFile, type TensorFileOptions } from './tensorFile.js';
export { readTorchFile, type TorchFileOptions, type TorchValue } from './torchFile.js';
export { TorchFileError } from './torchTensors.js';
export { readZip, type ZipEntry, ZipError, type ZipOptions } from './zip.js';
