import type { OnnxRunError } from './onnxRunError.js';
import type { Attributes, Elements, ElementType } from './proto.js';

/**
 * An array of the graph: computed already (`data`), or the output of a node when the graph runs. A node's value that is not
 * an output of the run is lost after it.
 */
export class Value {
  static #count = 0;
  /** Unique. */
  readonly id = Value.#count++;
  /** The node that computes it; undefined after the run. */
  node: Node | undefined;
  /** The error of its run, when that failed. */
  failure: OnnxRunError | undefined;
  /** Its elements, once computed. */
  data: Elements | undefined;
  /** Whether it is a constant of the model rather than an input. */
  readonly constant: boolean;

  constructor(
    readonly type: ElementType,
    readonly dims: readonly number[],
    source: Node | Elements,
    constant = false,
  ) {
    this.constant = constant;
    if (source instanceof Node) this.node = source;
    else this.data = source;
  }

  /** The number of elements. */
  get size(): number {
    return sizeOf(this.dims);
  }
}

/** An operation of the graph. */
export class Node {
  /** Its outputs. */
  outputs: Value[] = [];
  /** Another way to compute its only output, for a run that computes `from` anyway. */
  alternative: { from: Value; make: () => Value } | undefined;

  constructor(
    readonly op: string,
    readonly domain: string,
    readonly attributes: Attributes,
    readonly inputs: readonly (Value | undefined)[],
    /** The operation with its attributes, as text. */
    readonly text: string,
    /** Number of the run that it will be part of. */
    readonly run: number,
  ) {}
}

/** The product of dimensions. */
const sizeOf = (dims: readonly number[]) => dims.reduce((product, dim) => product * dim, 1);
