// Times every kernel of registerWasmKernels and the one that it replaces, in turns, on the same input. Where tfjs has
// none for wasm the cpu backend's is taken. Run it with `node packages/backend/bench/dist/kernels.bench.js` after a
// build; `--json FILE` writes the numbers too, `--only NAME` leaves the other kernels out.
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { originalWasmKernel, useBackend } from '../src/index.js';
import { type Case, cases } from './cases.js';

/** Runs are repeated until this many milliseconds have gone by, and three times if that takes no more than ten times as long. */
const PATIENCE = 400;
/** Results that differ by more, relative to the largest value, are not those of the same computation. */
const SAME = 1e-4;

interface Row {
  kernel: string;
  input: string;
  /** Median milliseconds of processor time. */
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

/** Milliseconds of processor time, which other programs on the machine touch less than those of a clock. */
function time(run: () => void): number {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

const median = (times: number[]) => times.sort((a, b) => a - b)[times.length >> 1]!;

async function measure(current: Case): Promise<Row> {
  const { kernel, title, operations } = current;
  const stock = originalWasmKernel(kernel);
  const comparedWith = stock ? 'wasm' : 'cpu';
  const ours = await prepare(tf.getKernel(kernel, 'wasm'), current);
  const theirs = await prepare(stock ?? tf.getKernel(kernel, 'cpu'), current);
  const [a, b] = [ours.values(), theirs.values()];
  const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const difference =
    a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0) / (largest || 1);
  ours.run();
  const [fast, slow]: [number[], number[]] = [[], []];
  const start = performance.now();
  const patient = () => performance.now() - start < (slow.length < 3 ? 10 * PATIENCE : PATIENCE);
  while (slow.length === 0 || patient()) {
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

const columns = [['kernel', 36], ['input', 62], ['ms', 9], ['stock ms ', 12], ['ratio', 8], ['GFLOP/s', 8]] as const; // biome-ignore format: a row
const line = (cells: string[]) =>
  cells.map((cell, i) => (i < 2 ? cell.padEnd(columns[i]![1]) : cell.padStart(columns[i]![1]))).join('');

console.log(
  `wasm kernels, Node ${process.version}, ${cpus()[0]?.model.trim()}; medians of processor time, one thread`,
);
console.log(line(columns.map(([name]) => name)));
const rows: Row[] = [];
for (const current of cases) {
  if (options.only && current.kernel !== options.only) continue;
  const row = await measure(current);
  rows.push(row);
  const mark = row.comparedWith === 'cpu' ? '*' : row.difference > SAME ? '!' : ' ';
  const against = `${row.reference.toFixed(2)}${mark}`;
  const cells = [
    row.milliseconds.toFixed(2),
    against,
    `${row.ratio.toFixed(1)}x`,
    row.gigaflops?.toFixed(1) ?? '',
  ];
  console.log(line([row.kernel, row.input, ...cells]));
}
console.log("* the cpu backend's kernel: tfjs has none of this name for wasm");
console.log(
  "! the stock result is another one; that of this package is the cpu backend's, to which its tests hold it",
);
if (options.json)
  writeFileSync(options.json, `${JSON.stringify({ benchmark: 'wasm kernels', rows }, null, 2)}\n`);
