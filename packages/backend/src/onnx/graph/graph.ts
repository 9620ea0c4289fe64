import { OnnxRunError } from './onnxRunError.js';
import type { Attributes, ElementType } from './proto.js';
import { RunModel } from './runModel.js';
import type { NativeSession, Runtime, RuntimeTensor } from './runtime.js';
import { Node, Value } from './value.js';
import type { View } from './view.js';

/** Something computed from a value, the dimensions that it is used in, and the run in which it was first used. */
interface Cached {
  value: Value;
  dims: readonly number[];
  run: number;
}

/** Smaller values aren't cached: caching costs memory, and a separate model for each of the first two steps. */
const MIN_CACHED_SIZE = 2 ** 18;

/** Sessions that are kept. The least recently used one is disposed of first. */
const MAX_SESSIONS = 256;

/**
 * Records operations instead of running them. A run takes what its outputs need of the record, gives it to ONNX Runtime as
 * one model, and forgets the rest. One model for a whole step lets ONNX Runtime fuse operations and reuse memory, and costs
 * one call instead of hundreds. Compiling takes longer than running, so compiled models are cached by their text: the second
 * of two equal steps finds the model of the first.
 */
export class Graph {
  readonly #runtime: Runtime;
  readonly #sessions = new Map<string, NativeSession>();
  #nodes: Node[] = [];
  /** Nodes by operation and inputs: equal operations are recorded once. */
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
   * What `make` records for a tensor that is computed already, such as weights in the layout of a convolution. From the
   * second run that uses it, the result is cached next to the value, and not computed again.
   * @param use names everything, apart from the tensor's layout, that the result depends on
   */
  cached({ value: source, dims, order }: View, use: string, make: () => Value): Value {
    if (source.node || source.constant || source.size < MIN_CACHED_SIZE) return make();
    const made = this.#cache.get(source) ?? new Map<string, Cached>();
    this.#cache.set(source, made);
    const key = `${use} of ${dims} ${order}`;
    const known = made.get(key);
    if (known?.value.data) return this.reshaped(known.value, known.dims);
    const result = make();
    // A reshape of a reshape takes the input of the first.
    const value = result.node?.op === 'Reshape' ? result.node.inputs[0]! : result;
    if (known && known.run < this.#runs) this.#toCache.add(value);
    made.set(key, { value, dims: result.dims, run: known?.run ?? this.#runs });
    return result;
  }

  /** Whether a value is computed or can still be: values that the last run left out are lost. */
  isLive({ data, node }: Value): boolean {
    return data !== undefined || node!.run === this.#runs;
  }

  /** Records an operation with one output of these dimensions. Default type: that of its first input. */
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
        throw (
          input.failure ??
          new Error(`${op}: got a value that an earlier run has dropped; expected a live one`)
        );
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
    // Neither a chain of reshapes, nor one that leads back to the original dimensions.
    if (node?.op === 'Reshape') return this.reshaped(node.inputs[0]!, dims);
    return this.record('Reshape', [value, this.integers(dims)], dims);
  }

  /** A list of whole numbers as constants of the model: lengths, axes and positions, which ONNX Runtime plans with. */
  integers(values: readonly number[]): Value {
    const make = () => new Value('int64', [values.length], BigInt64Array.from(values, BigInt), true);
    return this.#shared(`int64${values}`, make);
  }

  /** A number. It is an input of the model, so that steps whose bounds or rates differ share one model. */
  number(value: number, type: 'float32' | 'int32' = 'float32'): Value {
    const array = type === 'float32' ? Float32Array : Int32Array;
    return this.#shared(`${type}${textOf(value)}`, () => new Value(type, [], array.of(value)));
  }

  /**
   * Records that an operation's output can also be computed from another value. When the result of a convolution is needed
   * both with and without the operation that was folded into it, the operation runs after the convolution instead: this
   * saves a second convolution.
   */
  useAlternative(value: Value, from: Value, make: () => Value): void {
    value.node!.alternative ??= { from, make };
  }

  /** Numbers that the operations of one record share, so that equal operations are recognised. */
  #shared(key: string, make: () => Value): Value {
    const value = this.#numbers.get(key) ?? make();
    this.#numbers.set(key, value);
    return value;
  }

  /** Computes those of the values that aren't computed yet. Everything else in the record is dropped. */
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

  /** The compiled model, marked as the last one used. */
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

  /** The nodes of a run, each after those that it reads, with alternatives where two would fold the same convolution. */
  #planned(outputs: readonly Value[]): Node[] {
    const needed = this.#needed(outputs);
    // For each node that others were folded from: the chains from it to each of these.
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

  /** The nodes that replace one whose alternative is used. */
  #replacedByAlternative({ alternative, outputs: [output] }: Node): Node[] {
    const [nodes, known] = [this.#nodes, this.#known];
    // The alternative is recorded by itself: the rest of the record may come after the replaced node.
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

/** A number as text, unique to it. */
const textOf = (value: number) => (Object.is(value, -0) ? '-0' : `${value}`);

/** The nodes that a node was folded from, one after the other, and the node itself. */
function wayTo(node: Node): Node[] {
  const way = [node];
  for (let before = node.alternative?.from.node; before; before = before.alternative?.from.node)
    way.unshift(before);
  return way;
}

/** Options of a recorded operation. */
export interface RecordOptions {
  attributes?: Attributes;
  domain?: '' | 'com.microsoft' | 'com.microsoft.nchwc';
  type?: ElementType;
}
