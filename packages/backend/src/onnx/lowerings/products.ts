import { broadcast_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import { inRows, rowMajorView, type View, viewOf } from '../arrange.js';
import type { Graph, Value } from '../graph.js';
import type { KernelCall, Lowering, Lowerings } from '../lowering.js';
import { fitted, isRowMajor, rowMajor } from '../view.js';

/** A matrix as it lies in memory, and whether that is transposed. */
function matrix(
  graph: Graph,
  view: View,
  [rows, columns]: readonly [number, number],
): { value: Value; transposed: boolean } {
  if (!isRowMajor(view)) {
    const cut = fitted(view, [rows, columns]);
    const turned = cut && [...cut.axes[1]!, ...cut.axes[0]!].every((axis, i) => axis === i);
    if (turned) return { value: graph.reshaped(view.value, [columns, rows]), transposed: true };
  }
  return { value: inRows(graph, view, [rows, columns]), transposed: false };
}

const product: Lowering = (call: KernelCall) => {
  const { a, b } = call.inputs as { a: TensorInfo; b: TensorInfo };
  const { transposeA, transposeB } = call.attrs as unknown as { transposeA: boolean; transposeB: boolean };
  const { backend } = call;
  const { graph } = backend;
  if (a.dtype !== 'float32' || b.dtype !== 'float32') return undefined;
  const [first, second] = [a.shape, b.shape].map((shape) => shape.slice(0, -2));
  const batch = broadcast_util.assertAndGetBroadcastShape(first!, second!);
  const [m, k] = transposeA ? [a.shape.at(-1)!, a.shape.at(-2)!] : [a.shape.at(-2)!, a.shape.at(-1)!];
  const n = transposeB ? b.shape.at(-2)! : b.shape.at(-1)!;
  const shape = [...batch, m, n];
  if (util.sizeFromShape(shape) === 0 || k === 0) return undefined;

  const single = util.sizeFromShape(batch) === 1;
  const [left, right] = single
    ? [a, b].map((info) => matrix(graph, backend.view(info), [info.shape.at(-2)!, info.shape.at(-1)!]))
    : [a, b].map((info) => ({ value: inRows(graph, backend.view(info), info.shape), transposed: false }));
  const [transA, transB] = [transposeA !== left!.transposed, transposeB !== right!.transposed];
  const dims = single ? [m, n] : shape;
  const value =
    transA || transB
      ? graph.record('FusedMatMul', [left!.value, right!.value], dims, {
          domain: 'com.microsoft',
          attributes: { transA: transA ? 1 : 0, transB: transB ? 1 : 0 },
        })
      : graph.record('MatMul', [left!.value, right!.value], dims);
  return backend.tensor(shape, 'float32', viewOf(value, rowMajor(value.size)));
};

/** A product with a bias and an activation behind it, as dense layers have where no gradient is taken. */
const fusedProduct: Lowering = (call) => {
  const { bias } = call.inputs;
  const { activation } = call.attrs as unknown as { activation?: string };
  if (
    (activation && activation !== 'linear' && activation !== 'relu') ||
    (bias && bias.dtype !== 'float32')
  ) {
    return undefined;
  }
  const result = product(call) as TensorInfo | undefined;
  if (!result) return undefined;
  const { backend } = call;
  const { graph } = backend;
  let value = graph.reshaped(backend.view(result).value, result.shape);
  backend.disposeData(result.dataId);
  if (bias) value = graph.record('Add', [value, inRows(graph, backend.view(bias), bias.shape)], result.shape);
  if (activation === 'relu') value = graph.record('Relu', [value], result.shape);
  return backend.tensor(result.shape, 'float32', rowMajorView(value));
};

/** Matrix products. */
export const products: Lowerings = { BatchMatMul: product, _FusedMatMul: fusedProduct };
