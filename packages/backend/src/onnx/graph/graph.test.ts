import { describe, expect, test } from 'vitest';
import { onnxBinding, withoutOnnx } from '../useOnnx.fixture.js';
import { Graph } from './graph.js';
import { encodeModel } from './proto.js';
import { Runtime, type RuntimeTensor } from './runtime.js';
import { Value } from './value.js';

if (!onnxBinding) withoutOnnx('Recorded operations');

/** A runtime whose sessions return zeros, and a record of its calls. */
function counting() {
  const events = { loaded: 0, disposed: 0, fetched: [] as string[][] };
  const runtime = {
    load: () => {
      events.loaded++;
      return {
        run: (_: object, fetches: object) => {
          events.fetched.push(Object.keys(fetches));
          const zero: RuntimeTensor = { type: 'float32', dims: [1], data: new Float32Array(1) };
          return Object.fromEntries(Object.keys(fetches).map((name) => [name, zero]));
        },
        dispose: () => void events.disposed++,
      };
    },
  } as unknown as Runtime;
  return { graph: new Graph(runtime), events };
}
const one = (number = 1) => new Value('float32', [1], Float32Array.of(number));

test('records equal operations once, and different ones separately', () => {
  const { graph } = counting();
  const [x, y] = [one(), one()];
  const options = { attributes: { alpha: { float: 0.5 } } };
  const first = graph.record('LeakyRelu', [x], [1], options);
  expect(graph.record('LeakyRelu', [x], [1], options)).toBe(first);
  expect(graph.record('LeakyRelu', [y], [1], options)).not.toBe(first);
  expect(graph.record('LeakyRelu', [x], [1], { attributes: { alpha: { float: 0.25 } } })).not.toBe(first);
  expect(graph.record('LeakyRelu', [x], [1], { ...options, domain: 'com.microsoft' })).not.toBe(first);
  expect(graph.record('Cast', [x], [1], { type: 'int32' })).not.toBe(
    graph.record('Cast', [x], [1], { type: 'bool' }),
  );
  expect(graph.length).toBe(6);
});

test('does not run operations without a reader, and drops them', () => {
  const { graph, events } = counting();
  const x = one();
  const [wanted, dead] = [graph.record('Neg', [x], [1]), graph.record('Abs', [x], [1])];
  expect([wanted, dead].map((value) => graph.isLive(value))).toEqual([true, true]);
  graph.run([wanted]);
  expect(events.fetched).toHaveLength(1);
  expect(events.fetched[0]).toHaveLength(1);
  expect([wanted, dead].map((value) => graph.isLive(value))).toEqual([true, false]);
  graph.run([]);
  expect(events.fetched).toHaveLength(1);
});

test('equal steps share a model, whatever their numbers; other steps and other axes do not', () => {
  const { graph, events } = counting();
  const step = (x: Value, factor: number, dims = [1], axis = 0) => {
    const product = graph.record('Mul', [graph.record('Neg', [x], dims), graph.number(factor)], dims);
    graph.run([graph.record('CumSum', [product, graph.integers([axis])], dims)]);
  };
  step(one(3), 2);
  step(one(4), 2);
  step(one(3), 3);
  expect(events.loaded).toBe(1);
  step(one(3), 2, [1], -1);
  expect(events.loaded).toBe(2);
  step(new Value('float32', [2], new Float32Array(2)), 2, [2]);
  expect(events.loaded).toBe(3);
  // The same operations on one array and on two.
  const [x, y] = [one(), one()];
  graph.run([graph.record('Add', [x, x], [1])]);
  graph.run([graph.record('Add', [x, y], [1])]);
  expect(events.loaded).toBe(5);
  // The same operations with other outputs.
  const both = () => {
    const negative = graph.record('Neg', [x], [1]);
    return [negative, graph.record('Abs', [negative], [1])] as const;
  };
  graph.run([both()[1]]);
  graph.run(both());
  expect(events.loaded).toBe(7);
});

test('disposes of the least recently used models, and of all at the end', () => {
  const { graph, events } = counting();
  const x = one();
  const use = (to: number) => graph.run([graph.record('Cast', [x], [1], { attributes: { to } })]);
  for (let i = 0; i < 256; i++) use(i);
  expect(events).toMatchObject({ loaded: 256, disposed: 0 });
  use(0);
  use(256);
  expect(events).toMatchObject({ loaded: 257, disposed: 1 });
  // 1 was disposed of, and not 0, which was used again.
  use(0);
  expect(events.loaded).toBe(257);
  use(1);
  expect(events.loaded).toBe(258);
  graph.dispose();
  expect(events.disposed).toBe(events.loaded);
});

test('zeros of two signs are two numbers', () => {
  const { graph } = counting();
  expect(graph.number(0)).toBe(graph.number(0));
  expect(graph.number(-0)).not.toBe(graph.number(0));
});

test('merges successive reshapes, and drops those that lead back', () => {
  const { graph } = counting();
  const x = new Value('float32', [2, 3], new Float32Array(6));
  const flat = graph.reshaped(x, [6]);
  expect(graph.reshaped(flat, [2, 3])).toBe(x);
  expect(graph.reshaped(flat, [3, 2]).node!.inputs[0]).toBe(x);
  expect(graph.reshaped(x, [2, 3])).toBe(x);
});

describe.skipIf(!onnxBinding)('models', () => {
  test('hold every kind of attribute, type, constant and output', () => {
    const runtime = new Runtime(onnxBinding!, 1);
    const described = (name: string, type: 'float32' | 'int64' | 'bool' | 'int32', dims: number[]) => ({
      name,
      type,
      dims,
    });
    const session = runtime.load(
      encodeModel({
        nodes: [
          // A list, a number with a fraction, text; two outputs; an optional input that is left out.
          { op: 'Transpose', domain: '', inputs: ['x'], outputs: ['turned'], attributes: { perm: [1, 0] } },
          {
            op: 'LeakyRelu',
            domain: '',
            inputs: ['turned'],
            outputs: ['leaky'],
            attributes: { alpha: { float: 0.25 } },
          },
          { op: 'Clip', domain: '', inputs: ['leaky', '', 'most'], outputs: ['clipped'], attributes: {} },
          {
            op: 'TopK',
            domain: '',
            inputs: ['clipped', 'k'],
            outputs: ['top', 'at'],
            attributes: { axis: -1 },
          },
          {
            op: 'DepthToSpace',
            domain: '',
            inputs: ['image'],
            outputs: ['spread'],
            attributes: { blocksize: 2, mode: 'CRD' },
          },
          { op: 'Greater', domain: '', inputs: ['top', 'most'], outputs: ['above'], attributes: {} },
          { op: 'Cast', domain: '', inputs: ['at'], outputs: ['whole'], attributes: { to: 6 } },
        ],
        inputs: [described('x', 'float32', [2, 3]), described('image', 'float32', [1, 4, 1, 1])],
        outputs: [
          described('top', 'float32', [3, 1]),
          described('at', 'int64', [3, 1]),
          described('spread', 'float32', [1, 1, 2, 2]),
          described('above', 'bool', [3, 1]),
          described('whole', 'int32', [3, 1]),
        ],
        constants: [
          { name: 'most', type: 'float32', dims: [], data: Float32Array.of(4) },
          // Part of a larger buffer.
          { name: 'k', type: 'int64', dims: [1], data: BigInt64Array.of(9n, 1n).subarray(1) },
        ],
      }),
    );
    const input = (dims: number[], numbers: number[]): RuntimeTensor => ({
      type: 'float32',
      dims,
      data: Float32Array.from(numbers),
      location: 'cpu',
    });
    const fetches = { top: null, at: null, spread: null, above: null, whole: null };
    const results = session.run(
      { x: input([2, 3], [1, -8, 3, 9, -4, -6]), image: input([1, 4, 1, 1], [1, 2, 3, 4]) },
      fetches,
      {},
    );
    expect([...results['top']!.data]).toEqual([4, -1, 3]);
    expect([...results['at']!.data]).toEqual([1n, 1n, 0n]);
    expect([...results['spread']!.data]).toEqual([1, 2, 3, 4]);
    expect([...results['above']!.data]).toEqual([0, 0, 0]);
    expect([...results['whole']!.data]).toEqual([1, 1, 0]);
    session.dispose();
  });
});
