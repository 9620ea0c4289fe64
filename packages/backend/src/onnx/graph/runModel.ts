import { encodeModel } from './proto.js';
import type { Node, Value } from './value.js';

/** The operations of a run as one model. */
export class RunModel {
  /** A text that is equal for equal models. */
  readonly key: string;
  /** The inputs of the model. */
  readonly inputs: Value[] = [];
  readonly #constants: Value[] = [];
  readonly #names = new Map<Value, string>();
  readonly #nodes: readonly Node[];
  readonly #outputs: readonly Value[];

  /** @param nodes each after those that it reads */
  constructor(nodes: readonly Node[], outputs: readonly Value[]) {
    this.#nodes = nodes;
    this.#outputs = outputs;
    const key: string[] = [];
    for (const node of nodes) {
      for (const value of node.inputs) {
        // A value without a node is an input or constant; one with a node got its name from that node already.
        if (!value || this.#names.has(value)) continue;
        const { constant, type, data, dims } = value;
        (constant ? this.#constants : this.inputs).push(value);
        this.#names.set(value, `${constant ? 'c' : 'x'}${this.#names.size}`);
        key.push(`${type}[${constant ? data : dims}]`);
      }
      for (const output of node.outputs) this.#names.set(output, `y${this.#names.size}`);
      key.push(`${node.text}(${node.inputs.map((value) => value && this.nameOf(value))})`);
    }
    key.push(outputs.map((value) => `${this.nameOf(value)}[${value.dims}]`).join());
    this.key = key.join(';');
  }

  /** The name of a value in the model. */
  nameOf(value: Value): string {
    return this.#names.get(value)!;
  }

  /** The model as a file's bytes. */
  encoded(): Uint8Array {
    const described = (value: Value) => ({ name: this.nameOf(value), type: value.type, dims: value.dims });
    return encodeModel({
      // In reverse: ONNX Runtime searches for an order from there, depth first, and takes leaves as they come. In this order
      // each gradient is computed as soon as possible, and its inputs are freed, so that memory stays low.
      nodes: [...this.#nodes].reverse().map(({ op, domain, attributes, inputs, outputs }) => ({
        op,
        domain,
        attributes,
        inputs: inputs.map((input) => (input ? this.nameOf(input) : '')),
        outputs: outputs.map((output) => this.nameOf(output)),
      })),
      inputs: this.inputs.map(described),
      outputs: this.#outputs.map(described),
      constants: this.#constants.map((value) => ({ ...described(value), data: value.data! })),
    });
  }
}
