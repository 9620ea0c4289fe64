import { PbfWriter } from 'pbf';

/** Element types of ONNX tensors that this backend uses. */
export type ElementType = 'float32' | 'int32' | 'bool' | 'int64';
/** The array behind a tensor of a type. */
export type Elements = Float32Array | Int32Array | Uint8Array | BigInt64Array;
/** An attribute of an ONNX node: a whole number or a list of them, text, or `{ float }`. */
type Attribute = number | readonly number[] | string | { readonly float: number };
/** The attributes of a node. */
export type Attributes = { readonly [name: string]: Attribute };

/** A node of a model, its values by name; '' for an optional input that is left out. */
interface ModelNode {
  op: string;
  domain: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes: Attributes;
}

/** A model: nodes in an order in which each comes behind those that it reads. */
export interface Model {
  nodes: readonly ModelNode[];
  inputs: readonly { name: string; type: ElementType; dims: readonly number[] }[];
  outputs: readonly { name: string; type: ElementType; dims: readonly number[] }[];
  constants: readonly { name: string; type: ElementType; dims: readonly number[]; data: Elements }[];
}

/** TensorProto.DataType of onnx.proto. */
export const typeNumbers: { [type in ElementType]: number } = { float32: 1, int32: 6, int64: 7, bool: 9 };
/** The operator sets that nodes may be of, with their versions. */
const domains: readonly (readonly [domain: string, version: number])[] = [
  ['', 18],
  ['com.microsoft', 1],
  ['com.microsoft.nchwc', 1],
];

/** The bytes of a model file, by the field numbers of onnx.proto (IR version 8). */
export function encodeModel(model: Model): Uint8Array {
  const writer = new PbfWriter();
  writer.writeVarintField(1, 8);
  writer.writeMessage(7, writeGraph, model);
  for (const [domain, version] of domains) {
    writer.writeMessage(
      8,
      (_, pbf) => {
        pbf.writeStringField(1, domain);
        pbf.writeVarintField(2, version);
      },
      undefined,
    );
  }
  return writer.finish();
}

function writeGraph({ nodes, inputs, outputs, constants }: Model, pbf: PbfWriter): void {
  for (const node of nodes) pbf.writeMessage(1, writeNode, node);
  pbf.writeStringField(2, 'step');
  for (const { name, type, dims, data } of constants) {
    pbf.writeMessage(
      5,
      () => {
        for (const dim of dims) pbf.writeVarintField(1, dim);
        pbf.writeVarintField(2, typeNumbers[type]);
        pbf.writeStringField(8, name);
        pbf.writeBytesField(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      },
      undefined,
    );
  }
  for (const value of inputs) pbf.writeMessage(11, writeValue, value);
  for (const value of outputs) pbf.writeMessage(12, writeValue, value);
}

function writeNode({ op, domain, inputs, outputs, attributes }: ModelNode, pbf: PbfWriter): void {
  for (const input of inputs) pbf.writeStringField(1, input);
  for (const output of outputs) pbf.writeStringField(2, output);
  pbf.writeStringField(4, op);
  for (const attribute of Object.entries(attributes)) pbf.writeMessage(5, writeAttribute, attribute);
  if (domain) pbf.writeStringField(7, domain);
}

function writeAttribute([name, value]: [string, Attribute], pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  if (typeof value === 'number') {
    pbf.writeVarintField(3, value);
    pbf.writeVarintField(20, 2);
  } else if (typeof value === 'string') {
    pbf.writeBytesField(4, new TextEncoder().encode(value));
    pbf.writeVarintField(20, 3);
  } else if ('float' in value) {
    pbf.writeFloatField(2, value.float);
    pbf.writeVarintField(20, 1);
  } else {
    for (const entry of value) pbf.writeVarintField(8, entry);
    pbf.writeVarintField(20, 7);
  }
}

function writeValue(
  { name, type, dims }: { name: string; type: ElementType; dims: readonly number[] },
  pbf: PbfWriter,
): void {
  const shape = () => {
    for (const dim of dims) pbf.writeMessage(1, () => pbf.writeVarintField(1, dim), undefined);
  };
  const tensor = () => {
    pbf.writeVarintField(1, typeNumbers[type]);
    pbf.writeMessage(2, shape, undefined);
  };
  pbf.writeStringField(1, name);
  pbf.writeMessage(2, () => pbf.writeMessage(1, tensor, undefined), undefined);
}
