import { ByteCursor } from '../byteCursor.js';
import { rejectUnknownOptions } from '../options.js';
import { INSTRUCTIONS } from './instructions.js';
import { PickleError, PickleRefusedError } from './pickleErrors.js';
import { MEMORY, PickleMachine, type PickleOptions } from './pickleMachine.js';

/**
 * Reads a pickle of protocol 2 to 5 (PEP 307, 3154, 574; Python's pickletools lists the instructions). A pickle is a
 * program for a stack machine. This machine makes values only: None becomes null; bool, int (a bigint beyond 2^53),
 * float and str stay what they are; bytes become a Uint8Array, list and tuple an array, dict a Map, set a Set. A class or
 * function is looked up in `globals` and refused by its name when it isn't there. Time and memory grow with the pickle's
 * length: a pickle whose values would take more than 256 MiB and 8 bytes for each of its bytes is refused.
 * @throws {PickleRefusedError} when it asks for something that isn't allowed
 * @throws {PickleError} when the bytes are damaged
 * @throws {FormatOptionsError} for an unknown option
 * @example
 * ```ts
 * import { readPickle } from '@amr/formats';
 *
 * const bytes = Uint8Array.of(0x80, 2, 0x5d, 0x4b, 7, 0x61, 0x2e); // pickle.dumps([7], protocol=2)
 * console.log(readPickle(bytes, { globals: new Map() })); // [7]
 * ```
 */
export function readPickle(bytes: Uint8Array, options: PickleOptions): unknown {
  rejectUnknownOptions('readPickle', options, OPTIONS);
  return readPickleFrom(bytes, 0, options).value;
}

const OPTIONS = ['globals', 'persistent'] as const satisfies readonly (keyof PickleOptions)[];

/** Reads the pickle that begins at a byte, and returns where it ends. */
export function readPickleFrom(
  bytes: Uint8Array,
  start: number,
  options: PickleOptions,
): { value: unknown; end: number } {
  const at = new ByteCursor(bytes, (message) => new PickleError(`pickle, ${message}`), start);
  checkProtocol(at);
  const value = run(new PickleMachine(at, options, bytes.length - start), at);
  return { value, end: at.position };
}

const MAX_PROTOCOL = 5;

function checkProtocol(at: ByteCursor): void {
  const start = at.position;
  const first = at.u8();
  if (first !== 0x80) {
    throw new PickleError(
      `pickle, byte ${start}: got 0x${first.toString(16)}; expected 0x80, the begin of a pickle of protocol 2 or later.`,
    );
  }
  const protocol = at.u8();
  if (protocol < 2 || protocol > MAX_PROTOCOL) {
    throw new PickleError(`pickle: got protocol ${protocol}; expected 2 to ${MAX_PROTOCOL}.`);
  }
}

/** Executes instructions until STOP. */
function run(machine: PickleMachine, at: ByteCursor): unknown {
  try {
    while (true) {
      const opcode = at.u8();
      if (opcode === 0x2e) return machine.pop(); // STOP
      const instruction = INSTRUCTIONS[opcode];
      if (!instruction) throw new PickleRefusedError(`instruction 0x${opcode.toString(16)}`, 'it is unknown');
      machine.allocate(MEMORY.value);
      instruction(machine, at);
    }
  } catch (error) {
    if (error instanceof PickleError) error.offset ??= at.position;
    throw error;
  }
}
