import { ByteCursor } from '../byteCursor.js';
import { FormatError } from '../errors.js';

/** Bytes that are not a pickle, or a damaged one. */
export class PickleError extends FormatError {
  /** The name of the class. */
  override readonly name: string = 'PickleError';
  /** How many bytes of the pickle had been read, once `readPickle` has thrown it. */
  offset?: number;
}

/** A pickle that asks for a class, a function or an instruction that is not allowed. Nothing of it was executed. */
export class PickleRefusedError extends PickleError {
  /** The name of the class. */
  override readonly name = 'PickleRefusedError';
  /** What was asked for: `os.system` for instance. */
  readonly refused: string;

  /** @param refused what was asked for */
  constructor(refused: string, reason = 'it is not one of those that are known to hold data only') {
    super(`the pickle asks for ${refused}, which is refused: ${reason}. Nothing was executed.`);
    this.refused = refused;
  }
}

/** What stands here for a class or a function of Python's. */
export interface PickleGlobal {
  /** What calling it with these arguments gives. Absent: it may be named, but not called. */
  call?(args: readonly unknown[]): unknown;
  /** Gives an object that `call` made its state. Absent: a state is refused. */
  setState?(object: unknown, state: unknown): void;
}

/** What a pickle may ask for. */
export interface PickleOptions {
  /** The allowed classes and functions by their full names (`collections.OrderedDict`). All others are refused. */
  globals: ReadonlyMap<string, PickleGlobal>;
  /** What a persistent id stands for: an object kept outside of the pickle. Absent: they are refused. */
  persistent?(id: unknown): unknown;
}

/**
 * Reads a pickle of protocol 2 to 5 (PEP 307, 3154, 574; Python's pickletools lists the instructions). A pickle is a
 * program for a stack machine. This machine makes values only: None is null, bool, int (a bigint beyond 2^53), float,
 * str; bytes are a Uint8Array, list and tuple an array, dict a Map, set a Set. A class or function is looked up in
 * `globals` and refused by its name when it isn't there. The work grows with the pickle's length, and so does the memory: a pickle
 * whose values would take more than 8 bytes for each of its own and 256 MiB is refused before they do.
 * @throws {PickleRefusedError} when it asks for what isn't allowed
 * @throws {PickleError} when the bytes are damaged
 * @example
 * ```ts
 * import { readPickle } from '@amr/formats';
 *
 * const bytes = Uint8Array.of(0x80, 2, 0x5d, 0x4b, 7, 0x61, 0x2e); // pickle.dumps([7], protocol=2)
 * console.log(readPickle(bytes, { globals: new Map() })); // [7]
 * ```
 */
export function readPickle(bytes: Uint8Array, options: PickleOptions): unknown {
  return readPickleFrom(bytes, 0, options).value;
}

/** Reads the pickle that begins at a byte, and tells where it ends. */
export function readPickleFrom(
  bytes: Uint8Array,
  start: number,
  options: PickleOptions,
): { value: unknown; end: number } {
  const at = new ByteCursor(bytes, (message) => new PickleError(message), start);
  return { value: new PickleMachine(at, options, bytes.length - start).run(), end: at.position };
}

/** A value out of a pickle in an error's message: lists may hold themselves over and over. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return value.length > 40 ? `${value.slice(0, 40)}...` : value;
  if (typeof value === 'object' && value !== null)
    return `a value of type ${value.constructor?.name ?? 'object'}`;
  return String(value).slice(0, 40);
}

const LARGEST_PROTOCOL = 5;
/** Bytes of memory that the values of any pickle may take. */
const MIN_ROOM = 2 ** 28;
/** What they may take beside that for each byte of the pickle. */
const ROOM_PER_BYTE = 8;
/** What values take about, each with its place on the stack or in a container. */
const COST = { value: 16, list: 64, remembered: 64, bytes: 160, dict: 256, item: 64, object: 256 };

class PickleMachine {
  private readonly options: PickleOptions;
  private readonly at: ByteCursor;
  private readonly stack: unknown[] = [];
  /** Heights of the stack at the open marks. */
  private readonly marks: number[] = [];
  private readonly memo = new Map<number, unknown>();
  private readonly tuples = new WeakSet<unknown[]>();
  private readonly makers = new WeakMap<object, { path: string; maker: PickleGlobal }>();
  private readonly paths = new Map<unknown, string>();
  private readonly most: number;
  private taken = 0;

  constructor(at: ByteCursor, options: PickleOptions, length: number) {
    this.options = options;
    this.at = at;
    this.most = MIN_ROOM + ROOM_PER_BYTE * length;
  }

  run(): unknown {
    if (this.at.u8() !== 0x80)
      throw new PickleError('expected a pickle of protocol 2 or later, from byte 0x80 on');
    const protocol = this.at.u8();
    if (protocol < 2 || protocol > LARGEST_PROTOCOL) {
      throw new PickleError(`got a pickle of protocol ${protocol}; expected 2 to ${LARGEST_PROTOCOL}`);
    }
    try {
      while (true) {
        const opcode = this.at.u8();
        if (opcode === 0x2e) return this.pop(); // STOP
        const instruction = INSTRUCTIONS[opcode];
        if (!instruction)
          throw new PickleRefusedError(`instruction 0x${opcode.toString(16)}`, 'it is not known');
        this.take(COST.value);
        instruction(this, this.at);
      }
    } catch (error) {
      if (error instanceof PickleError) error.offset ??= this.at.position;
      throw error;
    }
  }

  push(value: unknown): void {
    this.stack.push(value);
  }

  pop(): unknown {
    if (this.stack.length <= (this.marks.at(-1) ?? 0)) throw this.damaged('the stack is empty');
    return this.stack.pop();
  }

  top(): unknown {
    if (this.stack.length <= (this.marks.at(-1) ?? 0)) throw this.damaged('the stack is empty');
    return this.stack.at(-1);
  }

  mark(): void {
    this.marks.push(this.stack.length);
  }

  /** What was put on the stack since the last mark. */
  popMark(): unknown[] {
    const height = this.marks.pop();
    if (height === undefined) throw this.damaged('there is no mark');
    return this.stack.splice(height);
  }

  list(items: unknown[]): void {
    this.take(COST.list);
    this.push(items);
  }

  bytes(view: Uint8Array): void {
    this.take(COST.bytes);
    this.push(view);
  }

  tuple(items: unknown[]): void {
    this.take(COST.list);
    this.tuples.add(items);
    this.push(items);
  }

  /** The last `count` values as a tuple. */
  tupleOf(count: number): void {
    const items = Array.from({ length: count }, () => this.pop()).reverse();
    this.tuple(items);
  }

  append(items: unknown[]): void {
    const list = this.top();
    if (!Array.isArray(list) || this.tuples.has(list)) throw this.damaged('items for what is no list');
    for (const item of items) list.push(item);
  }

  setItems(items: unknown[]): void {
    const dict = this.top();
    if (!(dict instanceof Map)) throw this.damaged('items for what is no dict');
    this.fill(dict, items);
  }

  dict(items: unknown[]): void {
    this.take(COST.dict);
    const dict = new Map<unknown, unknown>();
    this.fill(dict, items);
    this.push(dict);
  }

  set(items: unknown[]): void {
    this.take(COST.dict + COST.item * items.length);
    this.push(new Set(items));
  }

  add(items: unknown[]): void {
    const set = this.top();
    if (!(set instanceof Set)) throw this.damaged('items for what is no set');
    this.take(COST.item * items.length);
    for (const item of items) set.add(item);
  }

  remember(index: number): void {
    this.take(COST.remembered);
    this.memo.set(index, this.top());
  }

  recall(index: number): void {
    if (!this.memo.has(index)) throw this.damaged(`nothing is kept under ${index}`);
    this.push(this.memo.get(index));
  }

  get remembered(): number {
    return this.memo.size;
  }

  global(module: unknown, name: unknown): void {
    if (typeof module !== 'string' || typeof name !== 'string') throw this.damaged('a name that is no text');
    const path = `${module}.${name}`;
    const found = this.options.globals.get(path);
    if (!found) throw new PickleRefusedError(path);
    this.paths.set(found, path);
    this.push(found);
  }

  call(): void {
    const args = this.pop();
    const maker = this.pop();
    const path = this.paths.get(maker);
    if (path === undefined || !Array.isArray(args)) throw this.damaged('a call of what is no function');
    const known = maker as PickleGlobal;
    if (!known.call) throw new PickleRefusedError(`a call of ${path}`, 'it may only be named');
    const made = known.call(args);
    this.take(COST.object + sizeOfMade(made));
    if (typeof made === 'object' && made !== null) this.makers.set(made, { path, maker: known });
    this.push(made);
  }

  build(): void {
    const state = this.pop();
    const object = this.top();
    const made = typeof object === 'object' && object !== null ? this.makers.get(object) : undefined;
    if (!made?.maker.setState) {
      throw new PickleRefusedError(`a state for ${made?.path ?? 'a plain value'}`, 'it may have none');
    }
    made.maker.setState(object, state);
  }

  persistent(id: unknown): void {
    if (!this.options.persistent) {
      throw new PickleRefusedError('an object outside of the pickle', 'there are none');
    }
    this.take(COST.object);
    this.push(this.options.persistent(id));
  }

  /** Counts memory: a value can be made by one byte of a pickle, and again and again of what is remembered. */
  private take(bytes: number): void {
    this.taken += bytes;
    if (this.taken > this.most) {
      throw this.damaged(
        `its values take more than ${this.most} bytes, which nothing that somebody means does`,
      );
    }
  }

  damaged(reason: string): PickleError {
    return new PickleError(`the pickle is damaged at byte ${this.at.position}: ${reason}`);
  }

  private fill(dict: Map<unknown, unknown>, items: readonly unknown[]): void {
    if (items.length % 2 !== 0) throw this.damaged('a key without a value');
    this.take((COST.item * items.length) / 2);
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  }
}

type Instruction = (machine: PickleMachine, at: ByteCursor) => void;

/** By opcode. Those of protocols 0 and 1 that no later one writes, extension codes and outside buffers are left out. */
const INSTRUCTIONS: { readonly [opcode: number]: Instruction } = {
  40: (m) => m.mark(), // MARK
  48: (m) => void m.pop(), // POP
  49: (m) => void m.popMark(), // POP_MARK
  50: (m) => m.push(m.top()), // DUP
  149: (_, at) => void at.u64(), // FRAME: only says how much to read ahead

  78: (m) => m.push(null), // NONE
  136: (m) => m.push(true), // NEWTRUE
  137: (m) => m.push(false), // NEWFALSE
  74: (m, at) => m.push(at.i32()), // BININT
  75: (m, at) => m.push(at.u8()), // BININT1
  77: (m, at) => m.push(at.u16()), // BININT2
  138: (m, at) => m.push(integer(m, at.bytes(at.u8()))), // LONG1
  139: (m, at) => m.push(integer(m, at.bytes(at.u32()))), // LONG4
  71: (m, at) => m.push(at.bigEndianF64()), // BINFLOAT
  84: (m, at) => m.push(latin1(m, at.bytes(at.u32()))), // BINSTRING: Python 2's str
  85: (m, at) => m.push(latin1(m, at.bytes(at.u8()))), // SHORT_BINSTRING
  88: (m, at) => m.push(text(m, at.bytes(at.u32()))), // BINUNICODE
  140: (m, at) => m.push(text(m, at.bytes(at.u8()))), // SHORT_BINUNICODE
  141: (m, at) => m.push(text(m, at.bytes(at.u64()))), // BINUNICODE8
  66: (m, at) => m.bytes(at.bytes(at.u32())), // BINBYTES
  67: (m, at) => m.bytes(at.bytes(at.u8())), // SHORT_BINBYTES
  142: (m, at) => m.bytes(at.bytes(at.u64())), // BINBYTES8
  150: (m, at) => m.bytes(at.bytes(at.u64())), // BYTEARRAY8

  41: (m) => m.tuple([]), // EMPTY_TUPLE
  133: (m) => m.tupleOf(1), // TUPLE1
  134: (m) => m.tupleOf(2), // TUPLE2
  135: (m) => m.tupleOf(3), // TUPLE3
  116: (m) => m.tuple(m.popMark()), // TUPLE
  93: (m) => m.list([]), // EMPTY_LIST
  108: (m) => m.list(m.popMark()), // LIST
  97: (m) => m.append([m.pop()]), // APPEND
  101: (m) => m.append(m.popMark()), // APPENDS
  125: (m) => m.dict([]), // EMPTY_DICT
  100: (m) => m.dict(m.popMark()), // DICT
  115: (m) => m.setItems([m.pop(), m.pop()].reverse()), // SETITEM
  117: (m) => m.setItems(m.popMark()), // SETITEMS
  143: (m) => m.set([]), // EMPTY_SET
  144: (m) => m.add(m.popMark()), // ADDITEMS
  145: (m) => m.set(m.popMark()), // FROZENSET

  113: (m, at) => m.remember(at.u8()), // BINPUT
  114: (m, at) => m.remember(at.u32()), // LONG_BINPUT
  148: (m) => m.remember(m.remembered), // MEMOIZE
  104: (m, at) => m.recall(at.u8()), // BINGET
  106: (m, at) => m.recall(at.u32()), // LONG_BINGET

  99: (m, at) => m.global(text(m, at.line()), text(m, at.line())), // GLOBAL
  147: (m) => {
    const name = m.pop();
    m.global(m.pop(), name);
  }, // STACK_GLOBAL
  82: (m) => m.call(), // REDUCE
  129: (m) => m.call(), // NEWOBJ
  98: (m) => m.build(), // BUILD
  81: (m) => m.persistent(m.pop()), // BINPERSID
};

/** More bytes than any number has that somebody means. */
const MAX_INTEGER = 1024;

/** Two's complement, little-endian. */
function integer(machine: PickleMachine, bytes: Uint8Array): number | bigint {
  if (bytes.length === 0) return 0;
  if (bytes.length > MAX_INTEGER) throw machine.damaged(`an integer of ${bytes.length} bytes`);
  let digits = '0x';
  for (let i = bytes.length - 1; i >= 0; i--) digits += bytes[i]!.toString(16).padStart(2, '0');
  const value = BigInt.asIntN(bytes.length * 8, BigInt(digits));
  const small = Number(value);
  return Number.isSafeInteger(small) ? small : value;
}

/** No text is longer in V8. */
const MAX_TEXT = 2 ** 29 - 24;

/** Byte for character, as Python's latin-1: TextDecoder would take Windows-1252 for it. */
function latin1(machine: PickleMachine, bytes: Uint8Array): string {
  if (bytes.length > MAX_TEXT) throw machine.damaged(`a text of ${bytes.length} characters`);
  const parts: string[] = [];
  // As many as a call takes for arguments; one by one, a long text would be a long chain of short ones.
  for (let at = 0; at < bytes.length; at += 8192) {
    parts.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
  }
  return parts.join('');
}

/** Memory of what a call has made, beside that of an object. */
function sizeOfMade(made: unknown): number {
  if (made instanceof Uint8Array) return made.length;
  return made instanceof Map || made instanceof Set ? COST.item * made.size : 0;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function text(machine: PickleMachine, bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw machine.damaged('a text that is not UTF-8');
  }
}
