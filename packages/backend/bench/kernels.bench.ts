// Times every kernel of registerWasmKernels beside the one it replaces, in turns, on the same input. Where tfjs has
// none for wasm the cpu backend's is taken. Run it with `node packages/backend/bench/dist/kernels.bench.js` after a
// build; `--json FILE` writes the numbers too, `--only NAME` leaves the other kernels out.
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { stockWasmKernel, useBackend } from '../src/index.js';
import { type Case, cases } from './cases.js';

/** Runs are repeated until this many milliseconds have gone by, and at least {@link LEAST_RUNS} times. */
const PATIENCE = 400;
const LEAST_RUNS = 3;

interface Row {
  kernel: string;
  input: string;
  /** Median milliseconds. */
  milliseconds: number;
  /** Median milliseconds of the kernel compared with. */
  reference: number;
  /** The backend of the kernel compared with. */
  comparedWith: 'wasm' | 'cpu';
  /** reference / milliseconds. */
  ratio: number;
  /** Billions of floating point operations a second, where they are counted. */
  gigaflops?: number;
  /** Largest difference between the two results, relative to the largest value. */
  difference: number;
}

/** A kernel with its input, ready to run on one backend. */
interface Prepared {
  run(): void;
  values(): number[];
  dispose(): void;
}

async function prepare(config: tf.KernelConfig, { inputs, attrs }: Case): Promise<Prepared> {
  await tf.setBackend(config.backendName);
  const backend = tf.backend();
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype }], seed) => [
      name,
      dtype === 'int32'
        ? tf.randomUniform(shape, 0, 25, 'int32', seed + 1)
        : tf.randomUniform(shape, -1, 1, 'float32', seed + 1),
    ]),
  );
  const compute = () => [config.kernelFunc({ inputs: tensors, backend, attrs })].flat();
  const release = (results: tf.TensorInfo[]) => {
    for (const { dataId } of results) backend.disposeData(dataId);
  };
  return {
    run: () => release(compute()),
    values: () => {
      const results = compute();
      const values = results.flatMap(({ dataId }) => [...(backend.readSync(dataId) as Float32Array)]);
      release(results);
      return values;
    },
    dispose: () => tf.dispose(tensors),
  };
}

function time(run: () => void): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

const median = (times: number[]) => times.sort((a, b) => a - b)[times.length >> 1]!;

async function measure(current: Case): Promise<Row> {
  const { kernel, title, operations } = current;
  const stock = stockWasmKernel(kernel);
  const comparedWith = stock ? 'wasm' : 'cpu';
  const ours = await prepare(tf.getKernel(kernel, 'wasm'), current);
  const theirs = await prepare(stock ?? tf.getKernel(kernel, 'cpu'), current);
  const [a, b] = [ours.values(), theirs.values()];
  const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const difference =
    a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0) / (largest || 1);
  ours.run();
  const [fast, slow]: [number[], number[]] = [[], []];
  for (const start = performance.now(); performance.now() - start < PATIENCE || slow.length < LEAST_RUNS; ) {
    // Several of ours to one of theirs, up to the ratio that the first runs showed.
    const turns = slow.length ? Math.min(8, Math.max(1, Math.round(slow[0]! / fast[0]!))) : 1;
    for (let i = 0; i < turns; i++) fast.push(time(ours.run));
    slow.push(time(theirs.run));
  }
  ours.dispose();
  theirs.dispose();
  const [milliseconds, reference] = [median(fast), median(slow)];
  return {
    kernel,
    input: title,
    milliseconds,
    reference,
    comparedWith,
    ratio: reference / milliseconds,
    ...(operations && { gigaflops: operations / milliseconds / 1e6 }),
    difference,
  };
}

const { values: options } = parseArgs({ options: { json: { type: 'string' }, only: { type: 'string' } } });
// tfjs prints an advertisement for tfjs-node at the first use of the cpu backend.
tf.env().set('IS_TEST', true);
await useBackend({ backend: 'wasm' });

const columns = [['kernel', 36], ['input', 62], ['ms', 9], ['stock ms', 10], ['ratio', 8], ['GFLOP/s', 8]] as const; // biome-ignore format: a row
const line = (cells: string[]) =>
  cells.map((cell, i) => (i < 2 ? cell.padEnd(columns[i]![1]) : cell.padStart(columns[i]![1]))).join('');

console.log(`wasm kernels, Node ${process.version}, ${cpus()[0]?.model.trim()}; medians, one thread`);
console.log(line(columns.map(([name]) => name)));
const rows: Row[] = [];
for (const current of cases) {
  if (options.only && current.kernel !== options.only) continue;
  const row = await measure(current);
  rows.push(row);
  const against = `${row.reference.toFixed(2)}${row.comparedWith === 'cpu' ? '*' : ''}`;
  const cells = [
    row.milliseconds.toFixed(2),
    against,
    `${row.ratio.toFixed(1)}x`,
    row.gigaflops?.toFixed(1) ?? '',
  ];
  console.log(line([row.kernel, row.input, ...cells]));
}
console.log("* the cpu backend's kernel: tfjs has none of this name for wasm");
const worst = rows.reduce((most, row) => Math.max(most, row.difference), 0);
console.log(`largest difference between results, relative to the largest value: ${worst.toExponential(1)}`);
if (options.json)
  writeFileSync(options.json, `${JSON.stringify({ benchmark: 'wasm kernels', rows }, null, 2)}\n`);
