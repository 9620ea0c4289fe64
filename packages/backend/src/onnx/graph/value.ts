import type { OnnxRunError } from './onnxRunError.js';
import type { Attributes, Elements, ElementType } from './proto.js';

/**
 * An array of the graph: there already (`data`), or what a node gives when the graph runs. After a run that it was not
 * an output of, a node's value is gone for good.
 */
export class Value {
  static #count = 0;
  /** Unlike that of any other value. */
  readonly id = Value.#count++;
  /** The node that gives it, until it was run. */
  node: Node | undefined;
  /** Why it will never be there, when its run failed. */
  failure: OnnxRunError | undefined;
  /** What it holds, when that is known. */
  data: Elements | undefined;
  /** A part of the model rather than an input of it. */
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
  /** What it gives. */
  outputs: Value[] = [];
  /** Another way to its only output, for a run that computes `from` anyway. */
  alternative: { from: Value; make: () => Value } | undefined;

  constructor(
    readonly op: string,
    readonly domain: string,
    readonly attributes: Attributes,
    readonly inputs: readonly (Value | undefined)[],
    /** The operation with its attributes, as text. */
    readonly text: string,
    /** The run that it will be part of. */
    readonly run: number,
  ) {}
}

/** The product of dimensions. */
export const sizeOf = (dims: readonly number[]) => dims.reduce((product, dim) => product * dim, 1);
