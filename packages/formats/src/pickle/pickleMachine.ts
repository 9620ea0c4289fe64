import type { ByteCursor } from '../byteCursor.js';
import { PickleError, PickleRefusedError } from './pickleErrors.js';

/** What a class or a function of Python's means here. */
export interface PickleGlobal {
  /** Returns the result of calling it with these arguments. Default: it may be named, but not called. */
  call?(args: readonly unknown[]): unknown;
  /** Sets the state of an object that `call` made. Default: a state is refused. */
  setState?(object: unknown, state: unknown): void;
}

/** What a pickle may ask for. */
export interface PickleOptions {
  /** The allowed classes and functions by their full names (`collections.OrderedDict`). All others are refused. */
  globals: ReadonlyMap<string, PickleGlobal>;
  /** Returns the object of a persistent id: an object stored outside the pickle. Default: such ids are refused. */
  persistent?(id: unknown): unknown;
}

/** Bytes of memory that the values of any pickle may take. */
const MIN_MEMORY = 2 ** 28;
/** Further bytes of memory for each byte of the pickle. */
const MEMORY_PER_BYTE = 8;
/** Approximate memory of values, each with its slot on the stack or in a container. */
export const MEMORY = { value: 16, list: 64, memo: 64, bytes: 160, dict: 256, item: 64, object: 256 };

/**
 * The stack machine that pickles are programs for. It makes values only: classes and functions are looked up in the
 * caller's options, and refused by name when they aren't there. It counts the memory of the values that it makes, because
 * one byte of a pickle can make a value, and memoised values can be used again and again.
 */
export class PickleMachine {
  readonly #options: PickleOptions;
  readonly #at: ByteCursor;
  readonly #stack: unknown[] = [];
  /** Heights of the stack at the open marks. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, unknown>();
  readonly #tuples = new WeakSet<unknown[]>();
  readonly #makers = new WeakMap<object, { path: string; maker: PickleGlobal }>();
  readonly #paths = new Map<unknown, string>();
  readonly #maxMemory: number;
  #memory = 0;

  constructor(at: ByteCursor, options: PickleOptions, length: number) {
    this.#options = options;
    this.#at = at;
    this.#maxMemory = MIN_MEMORY + MEMORY_PER_BYTE * length;
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  pop(): unknown {
    this.#checkNotEmpty();
    return this.#stack.pop();
  }

  top(): unknown {
    this.#checkNotEmpty();
    return this.#stack.at(-1);
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  /** The values that were pushed since the last mark. */
  popMark(): unknown[] {
    const height = this.#marks.pop();
    if (height === undefined) throw this.damaged('an end of items without a mark', 'a mark');
    return this.#stack.splice(height);
  }

  list(items: unknown[]): void {
    this.allocate(MEMORY.list);
    this.push(items);
  }

  bytes(view: Uint8Array): void {
    this.allocate(MEMORY.bytes);
    this.push(view);
  }

  tuple(items: unknown[]): void {
    this.allocate(MEMORY.list);
    this.#tuples.add(items);
    this.push(items);
  }

  /** Replaces the last `count` values by a tuple of them. */
  tupleOf(count: number): void {
    const items = Array.from({ length: count }, () => this.pop()).reverse();
    this.tuple(items);
  }

  append(items: unknown[]): void {
    const list = this.top();
    if (!Array.isArray(list) || this.#tuples.has(list)) {
      throw this.damaged('items for a value that is not a list', 'a list');
    }
    for (const item of items) list.push(item);
  }

  setItems(items: unknown[]): void {
    const dict = this.top();
    if (!(dict instanceof Map)) throw this.damaged('items for a value that is not a dict', 'a dict');
    this.#fill(dict, items);
  }

  dict(items: unknown[]): void {
    this.allocate(MEMORY.dict);
    const dict = new Map<unknown, unknown>();
    this.#fill(dict, items);
    this.push(dict);
  }

  set(items: unknown[]): void {
    this.allocate(MEMORY.dict + MEMORY.item * items.length);
    this.push(new Set(items));
  }

  add(items: unknown[]): void {
    const set = this.top();
    if (!(set instanceof Set)) throw this.damaged('items for a value that is not a set', 'a set');
    this.allocate(MEMORY.item * items.length);
    for (const item of items) set.add(item);
  }

  memoize(index = this.#memo.size): void {
    this.allocate(MEMORY.memo);
    this.#memo.set(index, this.top());
  }

  recall(index: number): void {
    if (!this.#memo.has(index)) throw this.damaged(`memo index ${index}`, 'an index that was set');
    this.push(this.#memo.get(index));
  }

  global(module: unknown, name: unknown): void {
    if (typeof module !== 'string' || typeof name !== 'string') {
      throw this.damaged('a class or function name that is not a text', 'a text');
    }
    const path = `${module}.${name}`;
    const found = this.#options.globals.get(path);
    if (!found) throw new PickleRefusedError(path);
    this.#paths.set(found, path);
    this.push(found);
  }

  call(): void {
    const args = this.pop();
    const maker = this.pop();
    const path = this.#paths.get(maker);
    if (path === undefined || !Array.isArray(args)) {
      throw this.damaged('a call of a value that is not a function', 'a function and a tuple of arguments');
    }
    const known = maker as PickleGlobal;
    if (!known.call) throw new PickleRefusedError(`a call of ${path}`, 'it may only be named');
    const made = known.call(args);
    this.allocate(MEMORY.object + memoryOf(made));
    if (typeof made === 'object' && made !== null) this.#makers.set(made, { path, maker: known });
    this.push(made);
  }

  build(): void {
    const state = this.pop();
    const object = this.top();
    const made = typeof object === 'object' && object !== null ? this.#makers.get(object) : undefined;
    if (!made?.maker.setState) {
      throw new PickleRefusedError(`a state for ${made?.path ?? 'a plain value'}`, 'it may have none');
    }
    made.maker.setState(object, state);
  }

  persistent(id: unknown): void {
    if (!this.#options.persistent) {
      throw new PickleRefusedError('an object outside of the pickle', 'expected none');
    }
    this.allocate(MEMORY.object);
    this.push(this.#options.persistent(id));
  }

  /**
   * Counts the memory of a value before it is made.
   * @throws {PickleError} when all values take too much
   */
  allocate(bytes: number): void {
    this.#memory += bytes;
    if (this.#memory > this.#maxMemory) {
      throw this.damaged(
        `values that take more than ${this.#maxMemory} bytes`,
        `at most ${MEMORY_PER_BYTE} for each byte of the pickle and ${MIN_MEMORY} in all`,
      );
    }
  }

  /** The error for a damaged pickle. */
  damaged(got: string, expected: string): PickleError {
    return new PickleError(`pickle, byte ${this.#at.position}: got ${got}; expected ${expected}.`);
  }

  #checkNotEmpty(): void {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) {
      throw this.damaged('an instruction on an empty stack', 'a value');
    }
  }

  #fill(dict: Map<unknown, unknown>, items: readonly unknown[]): void {
    if (items.length % 2 !== 0) throw this.damaged('a key without a value', 'pairs');
    this.allocate((MEMORY.item * items.length) / 2);
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  }
}

/** Memory of what a call has made, in addition to that of an object. */
function memoryOf(made: unknown): number {
  if (made instanceof Uint8Array) return made.length;
  return made instanceof Map || made instanceof Set ? MEMORY.item * made.size : 0;
}
