import { formatValue } from '@amr/internal';
import { UnsupportedOperationError } from '../errors.js';

/** What tfjs says of operations that it can't run or differentiate, and what to say instead. */
const FAILURES: readonly {
  pattern: RegExp;
  /** What was got and what to do. @param found the groups of the pattern */
  explain(found: readonly string[]): { operation: string; got: string; advice: string };
}[] = [
  {
    pattern: /Kernel '(\w+)' not registered for backend '(\w+)'/,
    explain: ([, operation, backend]) => ({
      operation: operation!,
      got: `the operation ${operation}, which the backend '${backend}' does not have`,
      advice:
        'Choose the backend with useBackend() of @amr/backend, which adds the kernels that wasm and WebGPU lack, ' +
        "or use the backend 'cpu'.",
    }),
  },
  {
    pattern: /gradient function not found for (\w+)/,
    explain: ([, operation]) => ({
      operation: operation!,
      got: `the operation ${operation}, of which tfjs has no gradient`,
      advice:
        'Compute the same by other operations, give it a gradient with bpda, or use an attack without gradients, such as square.',
    }),
  },
  {
    pattern: /gradient of (\w+): dilation rates greater than 1 are not yet supported.*dilations '([\d,]+)'/,
    explain: ([, operation, dilations]) => ({
      operation: operation!,
      got: `a ${operation} with dilations ${dilations}, of which tfjs has no gradient`,
      advice:
        'Replace it by a convolution without dilation whose kernel has zeros in between, or use an attack without gradients, such as square.',
    }),
  },
];

/**
 * The error of tfjs as one of this package, if it says that an operation can't be run or differentiated; else itself.
 * @param modalities the inputs whose gradient was computed; absent in a forward pass
 */
export function explainUnsupported(error: unknown, modalities?: readonly string[]): unknown {
  const message = error instanceof Error ? error.message : '';
  for (const { pattern, explain } of FAILURES) {
    const found = pattern.exec(message);
    if (!found || error instanceof UnsupportedOperationError) continue;
    const { operation, got, advice } = explain(found);
    const where = modalities ? `gradient of ${modalities.map(formatValue).join(', ')}` : 'classifier';
    return new UnsupportedOperationError(
      `${where}: got ${got}; expected operations that the backend can ${modalities ? 'differentiate' : 'run'}. ${advice}`,
      { operation, modalities: modalities ?? [], cause: error },
    );
  }
  return error;
}

/** Calls a function and explains its error by {@link explainUnsupported}. */
export function explainingUnsupported<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw explainUnsupported(error);
  }
}
