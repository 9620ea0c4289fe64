import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import {
  type BackendTimingInfo,
  type backend_util,
  type DataType,
  engine,
  type TensorInfo,
  util,
} from '@tensorflow/tfjs-core';
import { cast } from './graph/cast.js';
import { Graph } from './graph/graph.js';
import type { Elements, ElementType } from './graph/proto.js';
import type { Runtime } from './graph/runtime.js';
import { rowMajorView, toLayout, useBlocks, viewOf } from './graph/toLayout.js';
import { Value } from './graph/value.js';
import { isRowMajor, type Layout, rowMajor, simplified, type View } from './graph/view.js';

/** Number of recorded operations from which a new step starts a new model. */
const WHOLE_STEP = 48;
/** Number of recorded operations at which a model runs though its step may not be finished. */
const LONGEST_STEP = 20_000;

/** The parts of tfjs's engine that this backend reads. */
interface EngineState {
  scopeStack: readonly unknown[];
  activeTape: readonly unknown[] | null | undefined;
}

/** What tfjs's cpu backend keeps of a tensor, with values that are computed when they are read. */
class Entry {
  refCount = 1;
  complexTensorInfos?: { real: TensorInfo; imag: TensorInfo };
  /** The tensor in the graph. */
  view: View | undefined;
  /** How it was computed, if known. */
  origin: Origin | undefined;
  #values: backend_util.BackendValues | undefined;
  readonly #backend: OnnxBackend;

  constructor(
    backend: OnnxBackend,
    readonly dtype: DataType,
    source: backend_util.BackendValues | View | undefined,
  ) {
    this.#backend = backend;
    if (source && 'value' in source) this.view = source;
    else this.#values = source;
  }

  /** Whether the values have yet to be computed. */
  get pending(): boolean {
    return this.view?.value.node !== undefined;
  }

  /** The elements in row-major order. */
  get values(): backend_util.BackendValues | undefined {
    if (this.view && this.#values === undefined)
      this.#values = this.#backend.rowsOf(this.view) as Float32Array;
    return this.#values;
  }

  /** The values that the cpu backend's kernels wrote, as a value of the graph. */
  get written(): backend_util.BackendValues | undefined {
    return this.#values;
  }
}

/** How a tensor was computed, for kernels that fold several steps into one. */
export interface Origin {
  /** Zeros around another tensor, which had this shape. */
  padded?: { view: View; shape: readonly number[]; paddings: readonly (readonly [number, number])[] };
  /** Computes the tensor without its margins; `shape` is the remaining one. Undefined where that is impossible. */
  crop?: (margins: readonly (readonly [number, number])[], shape: readonly number[]) => View | undefined;
}

/**
 * tfjs's cpu backend with its heavy kernels on ONNX Runtime. Kernels don't compute, they record ({@link Graph}). The record
 * runs as one model when a value is read, or when a new step starts: an operation in another outermost `tf.tidy` than the
 * operations before. By then the tidy has disposed of the tensors that only the step itself needed, so that these never
 * leave ONNX Runtime.
 */
export class OnnxBackend extends MathBackendCPU {
  /** Where kernels record. */
  readonly graph: Graph;
  /** Channels in a block of ONNX Runtime's fast convolutions; 0 where it has none. */
  readonly block: number;
  readonly #pending = new Set<Entry>();
  #scope: unknown;
  #tape: unknown;
  /** Number of outermost scopes since the tape started. */
  #scopesOfTape = 0;
  #nextId = 0;

  constructor(runtime: Runtime, block: number) {
    super();
    this.graph = new Graph(runtime);
    this.block = block;
    useBlocks(block);
  }

  /** Keeps a copy: recorded operations read the values later, when the caller may have overwritten the array. */
  override write(values: backend_util.BackendValues, _shape: number[], dtype: DataType): object {
    return this.#enter(new Entry(this, dtype, ArrayBuffer.isView(values) ? values.slice() : values));
  }

  /** As tfjs's, without that copy: the array belongs to a kernel. */
  override makeTensorInfo(
    shape: number[],
    dtype: DataType,
    values?: backend_util.BackendValues | string[],
  ): TensorInfo {
    if (!ArrayBuffer.isView(values)) return super.makeTensorInfo(shape, dtype, values);
    return { dataId: this.#enter(new Entry(this, dtype, values)), shape, dtype };
  }

  override move(
    dataId: object,
    values: backend_util.BackendValues,
    _shape: number[],
    dtype: DataType,
    refCount: number,
  ): void {
    const entry = new Entry(this, dtype, values);
    entry.refCount = refCount;
    this.data.set(dataId, entry);
  }

  /** A new tensor that the graph computes. */
  tensor(shape: number[], dtype: DataType, view: View, origin?: Origin): TensorInfo {
    const entry = new Entry(this, dtype, view);
    entry.origin = origin;
    if (entry.pending) this.#pending.add(entry);
    return { dataId: this.#enter(entry), shape, dtype };
  }

  /** A tensor in the graph. */
  view({ dataId, dtype }: TensorInfo): View {
    const entry = this.entry(dataId);
    if (!entry.view) {
      const data = elementsOf(entry.written, dtype);
      entry.view = rowMajorView(new Value(dtype as ElementType, [data.length], data));
    }
    // tfjs's cpu backend lets tensors of two types share their elements, where one holds all values of the other.
    const { view } = entry;
    return view.value.type === dtype
      ? view
      : viewOf(cast(this.graph, view.value, dtype as ElementType), view);
  }

  /** How a tensor was computed, if known. */
  origin({ dataId }: TensorInfo): Origin {
    return this.entry(dataId).origin ?? {};
  }

  /** Whether the tensor's values have yet to be computed. */
  isPending({ dataId }: TensorInfo): boolean {
    return this.entry(dataId).pending;
  }

  /** Called before a kernel records: runs the last step when this kernel is the first of another one. */
  beginKernel(): void {
    // The first scope is that of the outermost tidy, or of the operation itself where there is none. A gradient's way
    // forward and its way back are two; between them there is a tape, which holds what the way back needs. A tape that
    // still exists in a third scope was left behind by an error.
    const { scopeStack, activeTape } = engine().state as unknown as EngineState;
    const scope = scopeStack[0];
    if (scope === this.#scope && this.graph.length < LONGEST_STEP) return;
    if (activeTape !== this.#tape) this.#scopesOfTape = 0;
    const taped = activeTape && (scope === this.#scope || ++this.#scopesOfTape <= 2);
    if ((!taped && this.graph.length >= WHOLE_STEP) || this.graph.length >= LONGEST_STEP) this.flush();
    this.#scope = scope;
    this.#tape = activeTape;
  }

  /** Computes everything that is recorded and still has a tensor. */
  flush(also: readonly Value[] = []): void {
    const values = [...also];
    for (const entry of this.#pending) {
      values.push(entry.view!.value);
      // It describes values that this run drops.
      entry.origin = undefined;
    }
    this.#pending.clear();
    this.graph.run(values);
  }

  /** Milliseconds that a function takes, including the operations that it records. */
  override async time(f: () => void): Promise<BackendTimingInfo> {
    this.flush();
    const start = util.now();
    f();
    this.flush();
    return { kernelMs: util.now() - start };
  }

  /** The elements of a view in row-major order; for reading. */
  rowsOf(view: View): Elements {
    const { value } = view;
    if (value.failure) throw value.failure;
    if (value.node) {
      const rows = isRowMajor(view) ? value : toLayout(this.graph, view, rowMajor(value.size));
      this.flush([rows]);
      return rows.data!;
    }
    return isRowMajor(view) ? value.data! : inTensorOrder(value.data!, view);
  }

  override disposeData(dataId: object, force = false): boolean {
    const entry = this.data.has(dataId) ? this.entry(dataId) : undefined;
    const gone = super.disposeData(dataId, force);
    if (gone && entry) this.#pending.delete(entry);
    return gone;
  }

  /** Frees the compiled models. */
  override dispose(): void {
    this.graph.dispose();
    this.#pending.clear();
  }

  private entry(dataId: object): Entry {
    return this.data.get(dataId) as unknown as Entry;
  }

  #enter(entry: Entry): object {
    const dataId = { id: this.#nextId++ };
    this.data.set(dataId, entry);
    return dataId;
  }
}

/** Elements in tfjs's order, of an array in another layout. No model is run for it. */
function inTensorOrder(data: Elements, layout: Layout): Elements {
  const { dims, order } = simplified(layout);
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((product, dim) => product * dim, 1));
  const result = data.slice() as Float32Array;
  const steps = order.map((axis) => ({ count: dims[axis]!, stride: strides[axis]! }));
  let at = 0;
  const walk = (depth: number, from: number) => {
    const { count, stride } = steps[depth]!;
    for (let i = 0, place = from; i < count; i++, place += stride) {
      if (depth === steps.length - 1) result[at++] = (data as Float32Array)[place]!;
      else walk(depth + 1, place);
    }
  };
  walk(0, 0);
  return result;
}

/** Values as ONNX Runtime takes them. */
function elementsOf(values: backend_util.BackendValues | undefined, dtype: DataType): Elements {
  const wanted = dtype === 'float32' ? Float32Array : dtype === 'int32' ? Int32Array : Uint8Array;
  if (values instanceof wanted && !(values.buffer instanceof SharedArrayBuffer)) return values;
  return wanted.from(util.flatten(values as unknown as number[]) as number[]);
}
