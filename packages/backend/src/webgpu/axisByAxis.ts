import {
  Cumprod,
  Cumsum,
  MirrorPad,
  PadV2,
  Reverse,
  Select,
  sumOutType,
  type TensorInfo,
  Tile,
  util,
} from '@tensorflow/tfjs-core';
import type { Replacement } from '../overrideKernels.js';
import { asFloats } from './integers.js';
import { around, inTurn, type KernelCall, viewed } from './kernelCall.js';

// tfjs's shaders for these support ranks up to 4; tile reads a tensor of rank 5 back synchronously, which Node can't.

/** The tensor as [what comes before an axis, the axis, what comes after it]. */
function around1({ shape }: TensorInfo, axis: number): [number, number, number] {
  return [util.sizeFromShape(shape.slice(0, axis)), shape[axis]!, util.sizeFromShape(shape.slice(axis + 1))];
}

/** Applies a kernel to one axis of a tensor seen as one of rank 3. */
const alongAxis =
  (axis: number, apply: (x: TensorInfo) => TensorInfo) =>
  (x: TensorInfo): TensorInfo => {
    const y = apply(viewed(x, around1(x, axis)));
    return viewed(y, [...x.shape.slice(0, axis), y.shape[1]!, ...x.shape.slice(axis + 1)]);
  };

/** A kernel that treats each axis separately: rank 5 and more go axis by axis, along those with attributes. */
const axisByAxis = (
  kernelName: string,
  attrsOf: (given: KernelCall, axis: number) => KernelCall['attrs'] | undefined,
) =>
  around(kernelName, (stock) => (given) => {
    const { x } = given.inputs as { x: TensorInfo };
    const steps = x.shape.flatMap((_, axis) => {
      const attrs = attrsOf(given, axis);
      return attrs ? [alongAxis(axis, (y) => stock({ ...given, inputs: { x: y }, attrs }))] : [];
    });
    return x.shape.length < 5 || steps.length === 0 ? stock(given) : inTurn(given, x, steps);
  });

type Paddings = [number, number][];
const paddingOf = ({ attrs }: KernelCall, axis: number) => {
  const [before, after] = (attrs['paddings'] as unknown as Paddings)[axis]!;
  const paddings = [[0, 0], [before, after], [0, 0]]; // biome-ignore format: axis by axis
  return before + after > 0 ? { ...attrs, paddings: paddings as never } : undefined;
};

/** A running sum or product, along the one axis of a tensor seen as one of rank 3, and of floats. */
const running = (kernelName: string): Replacement => {
  const ofFloats = around(kernelName, (stock) => (given) => {
    const { x } = given.inputs as { x: TensorInfo };
    const [axis] = util.parseAxisParam(given.attrs['axis'] as number, x.shape);
    const attrs = { ...given.attrs, axis: 1 };
    return alongAxis(axis!, (y) => stock({ ...given, inputs: { x: y }, attrs }))(x);
  });
  const ofAny = asFloats(kernelName, ({ dtype }) => sumOutType(dtype));
  return { kernelName, compose: (stock) => ofAny.compose(ofFloats.compose(stock)) };
};

/** Padding, tiling, reversal, running sums and choices of tensors of rank 5 and more. */
export const rankFive: readonly Replacement[] = [
  axisByAxis(PadV2, paddingOf),
  axisByAxis(MirrorPad, paddingOf),
  axisByAxis(Tile, ({ attrs }, axis) => {
    const times = (attrs['reps'] as number[])[axis]!;
    return times === 1 ? undefined : { reps: [1, times, 1] };
  }),
  axisByAxis(Reverse, ({ inputs, attrs }, axis) =>
    util.parseAxisParam(attrs['dims'] as number[], inputs['x']!.shape).includes(axis)
      ? { dims: [1] }
      : undefined,
  ),
  running(Cumsum),
  running(Cumprod),
  around(Select, (stock) => (given) => {
    const { t, condition } = given.inputs as { t: TensorInfo; condition: TensorInfo };
    if (t.shape.length < 5 || condition.shape.length !== t.shape.length) return stock(given);
    const flat = Object.entries(given.inputs).map(([name, x]) => [
      name,
      viewed(x, [util.sizeFromShape(x.shape)]),
    ]);
    return viewed(stock({ ...given, inputs: Object.fromEntries(flat) }), t.shape);
  }),
];
