import { OnnxRunError } from './onnxRunError.js';
import type { Attributes, ElementType } from './proto.js';
import { RunModel } from './runModel.js';
import type { NativeSession, Runtime, RuntimeTensor } from './runtime.js';
import { Node, Value } from './value.js';
import type { View } from './view.js';

/** Something made of a value, the dimensions that it is wanted in, and the run in which it first was. */
interface Cached {
  value: Value;
  dims: readonly number[];
  run: number;
}

/** Elements from which on what is made of a value is worth its memory, and models for the first two steps of their own. */
const MIN_CACHED_SIZE = 2 ** 18;

/** Sessions that are kept, the least recently used goes first. */
const MAX_SESSIONS = 256;

/**
 * Records operations instead of running them. A run takes what is wanted of the record, gives it to ONNX Runtime as
 * one model, and forgets the rest. Models are known by their text, so that the second of two equal steps finds the
 * first's compiled.
 */
export class Graph {
  readonly #runtime: Runtime;
  readonly #sessions = new Map<string, NativeSession>();
  #nodes: Node[] = [];
  /** Nodes by operation and inputs: the same is recorded once. */
  #known = new Map<string, Node>();
  #numbers = new Map<string, Value>();
  #runs = 0;
  readonly #cache = new WeakMap<Value, Map<string, Cached>>();
  readonly #toCache = new Set<Value>();
  /** Models compiled so far. */
  compiled = 0;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Operations recorded since the last run. */
  get length(): number {
    return this.#nodes.length;
  }

  /**
   * What `make` records of a tensor that is there already, such as weights as a convolution wants them. From the second
   * run on that it is wanted in it is kept beside the value, and not computed again.
   * @param use says, with the tensor's layout, all that the result depends on
   */
  cached({ value: source, dims, order }: View, use: string, make: () => Value): Value {
    if (source.node || source.constant || source.size < MIN_CACHED_SIZE) return make();
    const made = this.#cache.get(source) ?? new Map<string, Cached>();
    this.#cache.set(source, made);
    const key = `${use} of ${dims} ${order}`;
    const known = made.get(key);
    if (known?.value.data) return this.reshaped(known.value, known.dims);
    const result = make();
    // Whoever reshapes what is reshaped passes the first over.
    const value = result.node?.op === 'Reshape' ? result.node.inputs[0]! : result;
    if (known && known.run < this.#runs) this.#toCache.add(value);
    made.set(key, { value, dims: result.dims, run: known?.run ?? this.#runs });
    return result;
  }

  /** Whether a value is there or will be: those that the last run left out are gone. */
  isLive({ data, node }: Value): boolean {
    return data !== undefined || node!.run === this.#runs;
  }

  /** Records an operation with one output of given dimensions, of the type of its first input if not told. */
  record(
    op: string,
    inputs: readonly (Value | undefined)[],
    dims: readonly number[],
    { type = inputs[0]!.type, ...options }: RecordOptions = {},
  ): Value {
    return this.recordAll(op, inputs, [{ dims, type }], options)[0]!;
  }

  /** Records an operation with several outputs. */
  recordAll(
    op: string,
    inputs: readonly (Value | undefined)[],
    outputs: readonly { dims: readonly number[]; type: ElementType }[],
    { attributes = {}, domain = '' }: Omit<RecordOptions, 'type'> = {},
  ): Value[] {
    for (const input of inputs) {
      if (input && !this.isLive(input))
        throw input.failure ?? new Error(`${op} of a value that was forgotten`);
    }
    const text = `${domain}.${op}${JSON.stringify(attributes)}`;
    const types = outputs.map(({ type }) => type).join();
    const key = `${text}(${inputs.map((input) => input?.id ?? '').join()})${types}`;
    const known = this.#known.get(key);
    if (known) return known.outputs;
    const node = new Node(op, domain, attributes, inputs, text, this.#runs);
    node.outputs = outputs.map(({ dims, type }) => new Value(type, dims, node));
    this.#nodes.push(node);
    this.#known.set(key, node);
    return node.outputs;
  }

  /** The same elements in other dimensions. */
  reshaped(value: Value, dims: readonly number[]): Value {
    if (dims.length === value.dims.length && dims.every((dim, i) => dim === value.dims[i])) return value;
    const { node } = value;
    // Not a chain of reshapes, and none that leads back to where it started.
    if (node?.op === 'Reshape') return this.reshaped(node.inputs[0]!, dims);
    return this.record('Reshape', [value, this.integers(dims)], dims);
  }

  /** A list of whole numbers within the model: lengths, axes and places, of which ONNX Runtime plans ahead. */
  integers(values: readonly number[]): Value {
    const make = () => new Value('int64', [values.length], BigInt64Array.from(values, BigInt), true);
    return this.#shared(`int64${values}`, make);
  }

  /** A number. It is given to the model, so that steps whose bounds or rates change from one to the next share one. */
  number(value: number, type: 'float32' | 'int32' = 'float32'): Value {
    const array = type === 'float32' ? Float32Array : Int32Array;
    return this.#shared(`${type}${textOf(value)}`, () => new Value(type, [], array.of(value)));
  }

  /**
   * Says that an operation's output can also be made of another value. An operation that was folded into a convolution
   * stands behind it instead where the convolution's own result is wanted too, rather than to have a second convolution.
   */
  useAlternative(value: Value, from: Value, make: () => Value): void {
    value.node!.alternative ??= { from, make };
  }

  /** Numbers that operations of one record share, so that these are known to be the same. */
  #shared(key: string, make: () => Value): Value {
    const value = this.#numbers.get(key) ?? make();
    this.#numbers.set(key, value);
    return value;
  }

  /** Computes values that are not there yet. What else was recorded is forgotten. */
  run(wanted: Iterable<Value>): void {
    const outputs = [...new Set(wanted)].filter((value) => value.node);
    const nodes = this.#planned(outputs);
    const computed = new Set(nodes);
    for (const value of this.#toCache) {
      if (value.node && computed.has(value.node) && !outputs.includes(value)) outputs.push(value);
    }
    this.#toCache.clear();
    this.#nodes = [];
    this.#known.clear();
    this.#numbers.clear();
    this.#runs++;
    if (outputs.length === 0) return;
    try {
      this.#compute(nodes, outputs);
    } catch (error) {
      const failure = new OnnxRunError(
        nodes.map(({ op }) => op),
        error as Error,
      );
      for (const node of nodes) for (const value of node.outputs) value.failure = failure;
      throw failure;
    }
  }

  #compute(nodes: readonly Node[], outputs: readonly Value[]): void {
    const model = new RunModel(nodes, outputs);
    const session = this.#session(model);
    const feeds: { [name: string]: RuntimeTensor } = {};
    for (const value of model.inputs) {
      const { type, dims, data } = value;
      feeds[model.nameOf(value)] = { type, dims, data: data!, location: 'cpu' };
    }
    const fetches = Object.fromEntries(outputs.map((value) => [model.nameOf(value), null]));
    const results = session.run(feeds, fetches, {});
    for (const value of outputs) {
      value.data = results[model.nameOf(value)]!.data;
      value.node = undefined;
    }
  }

  /** A model as it was compiled, now the last one used. */
  #session(model: RunModel): NativeSession {
    let session = this.#sessions.get(model.key);
    if (session) this.#sessions.delete(model.key);
    else {
      if (this.#sessions.size >= MAX_SESSIONS) {
        const [oldest, unused] = this.#sessions.entries().next().value!;
        this.#sessions.delete(oldest);
        unused.dispose();
      }
      this.compiled++;
      session = this.#runtime.load(model.encoded());
    }
    this.#sessions.set(model.key, session);
    return session;
  }

  /** Frees all compiled models. */
  dispose(): void {
    for (const session of this.#sessions.values()) session.dispose();
    this.#sessions.clear();
    this.#nodes = [];
    this.#known.clear();
    this.#numbers.clear();
  }

  /** The nodes of a run, each behind those that it reads, with detours where two would fold the same otherwise. */
  #planned(outputs: readonly Value[]): Node[] {
    const needed = this.#needed(outputs);
    // By what something is folded into: the ways from there to all that it is folded into.
    const ways = new Map<Node, Node[][]>();
    for (const node of needed) {
      const way = wayTo(node);
      const others = ways.get(way[0]!);
      if (others) others.push(way);
      else ways.set(way[0]!, [way]);
    }
    const around = new Set<Node>();
    for (const several of ways.values()) {
      if (several.length === 1) continue;
      let common = 0;
      while (several.every((way) => way[common] && way[common] === several[0]![common])) common++;
      for (const way of several) for (const node of way.slice(common)) around.add(node);
    }
    if (around.size === 0) return needed;
    this.#nodes = this.#nodes.flatMap((node) =>
      around.has(node) ? this.#replacedByAlternative(node) : [node],
    );
    return this.#needed(outputs);
  }

  /** What stands in the place of a node that is left out for its detour. */
  #replacedByAlternative({ alternative, outputs: [output] }: Node): Node[] {
    const [nodes, known] = [this.#nodes, this.#known];
    // What else was recorded may stand behind the place.
    [this.#nodes, this.#known] = [[], new Map()];
    const value = alternative!.make();
    const same = this.record('Identity', [value], value.dims).node!;
    same.outputs = [output!];
    output!.node = same;
    const made = this.#nodes;
    [this.#nodes, this.#known] = [nodes, known];
    return made;
  }

  /** The nodes that outputs depend on, in the order in which they were recorded. */
  #needed(outputs: readonly Value[]): Node[] {
    const needed = new Set<Node>();
    const stack = outputs.map((value) => value.node!);
    while (stack.length > 0) {
      const node = stack.pop()!;
      if (needed.has(node)) continue;
      needed.add(node);
      for (const input of node.inputs) if (input?.node && !needed.has(input.node)) stack.push(input.node);
    }
    return this.#nodes.filter((node) => needed.has(node));
  }
}

/** A number as text that no other number has. */
const textOf = (value: number) => (Object.is(value, -0) ? '-0' : `${value}`);

/** The nodes that a node was folded out of, one after the other, and itself. */
function wayTo(node: Node): Node[] {
  const way = [node];
  for (let before = node.alternative?.from.node; before; before = before.alternative?.from.node)
    way.unshift(before);
  return way;
}

/** What a recorded operation may be told. */
export interface RecordOptions {
  attributes?: Attributes;
  domain?: '' | 'com.microsoft' | 'com.microsoft.nchwc';
  type?: ElementType;
}
