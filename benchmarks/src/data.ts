// The cost of loading data, compared with training: `pnpm bench data`; README.md says what is measured and how.
// Options: `--clips N` (24, a multiple of 4), `--seconds N` (1.5) for each measurement, `--tflops N` (20), the assumed
// sustained rate of a GPU, and `--json FILE`, which adds a line of JSON to a file.
import { appendFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { useBackend } from '@amr/backend';
import { type Dataset, fromArrays, parseSkeletonFile } from '@amr/datasets';
import { type NtuOptions, prepare, preparedFolder, readVideo } from '@amr/datasets/node';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { type DataInputs, writeDataInputs } from './data/dataInputs.js';
import { fullSizeOperations, sizes, type TrainingSize, trainingPace } from './data/dataTraining.js';
import { machine } from './report/machine.js';

/** Clips whose videos are as large as NTU's: a second or two each to make. */
const LARGE_CLIPS = 4;
/** Clips of NTU RGB+D 60 with a skeleton. */
const NTU60 = 56_578;

const { values: given } = parseArgs({
  options: {
    clips: { type: 'string', default: '24' },
    seconds: { type: 'string', default: '1.5' },
    tflops: { type: 'string', default: '20' },
    json: { type: 'string' },
  },
});
const [clips, seconds, tflops] = [given.clips, given.seconds, given.tflops].map(Number) as [
  number,
  number,
  number,
];
if (!(clips >= LARGE_CLIPS && clips % 4 === 0)) throw new Error('--clips takes a multiple of 4, from 4 on');
if (!(seconds > 0 && tflops > 0)) throw new Error('--seconds and --tflops take numbers above 0');

interface Row {
  what: string;
  clipsPerSecond: number;
  /** Where it says more than the number. */
  note?: string;
}
const rows: Row[] = [];
function add(what: string, clipsPerSecond: number, note?: string): number {
  rows.push({ what, clipsPerSecond, note });
  const rate = clipsPerSecond.toFixed(clipsPerSecond < 100 ? 1 : 0);
  console.log(`${what.padEnd(62)}${rate.padStart(8)}${note ? `  ${note}` : ''}`);
  return clipsPerSecond;
}

const cores = availableParallelism();
const folder = await mkdtemp(join(tmpdir(), 'bench-data-'));
try {
  const { backend } = await useBackend();
  const about = { ...machine(), backend };
  for (const [what, value] of Object.entries(about)) console.log(`${what}: ${value}`);
  console.log(`making ${clips} clips ...\n\n${''.padEnd(62)}${'clips/s'.padStart(8)}`);
  const inputs = await writeDataInputs(folder, clips, LARGE_CLIPS);

  await reading(inputs);
  const prepared = {
    smoke: await preparing('smoke', inputs),
    'gpu-80gb': await preparing('gpu-80gb', inputs),
  };
  const streamed = {
    smoke: await streaming('smoke', prepared.smoke),
    'gpu-80gb': await streaming('gpu-80gb', prepared['gpu-80gb']),
  };
  const training = await trainingBeside(prepared.smoke);
  const needs = Object.fromEntries(
    Object.entries(fullSizeOperations()).map(([name, operations]) => [name, (tflops * 1e12) / operations]),
  );

  console.log();
  const times = streamed.smoke / training.alone;
  console.log(
    `smoke: the loader gives ${times.toFixed(1)} times what training takes; fed by it, training runs at ${percent(training.streamed / training.alone)} of its pace from memory.`,
  );
  for (const [name, need] of Object.entries(needs)) {
    const share = streamed['gpu-80gb'] / need;
    console.log(
      `gpu-80gb, ${name}: a GPU that sustains ${tflops} TFLOP/s takes ${need.toFixed(1)} clips/s; the loader gives ${share.toFixed(1)} times that on these ${cores} cores, and needs ${Math.ceil(cores / share)} like them to keep up.`,
    );
  }
  if (times <= 1) console.log('The loader is what training waits for.');
  if (given.json) {
    const date = new Date().toISOString();
    const results = { benchmark: 'data', date, about, clips, rows, streamed, training, tflops, needs };
    appendFileSync(given.json, `${JSON.stringify(results)}\n`);
  }
  process.exitCode = times > 1 ? 0 : 1;
} finally {
  await rm(folder, { recursive: true });
}

/** Parsing and decoding, each clip after the other in one thread; ffmpeg has its own threads. */
async function reading({ skeletons, small, large }: DataInputs): Promise<void> {
  const names = await readdir(skeletons);
  const texts = await Promise.all(names.map((name) => readFile(join(skeletons, name), 'utf8')));
  const megabytes = texts.reduce((sum, text) => sum + text.length, 0) / texts.length / 1e6;
  const parsed = await pace(texts.length, async () => {
    for (const [i, text] of texts.entries()) parseSkeletonFile(text, names[i]!);
  });
  add('parsing a .skeleton file', parsed, `${(parsed * megabytes).toFixed(0)} MB/s`);
  for (const { size, files } of [small, large]) {
    const some = files.slice(0, LARGE_CLIPS);
    const decoded = await pace(some.length, async () => {
      for (const file of some) await readVideo(file, sizes['gpu-80gb'].video);
    });
    add(`decoding a video of ${size} to 32 x 128 x 128`, decoded);
  }
}

/** From files to shards. @returns the folder of the shards of small videos */
async function preparing(name: keyof typeof sizes, inputs: DataInputs): Promise<string> {
  const { video, skeleton } = sizes[name];
  const kinds = name === 'smoke' ? ['small' as const] : (['small', 'large'] as const);
  for (const kind of kinds) {
    const { folder: videos, size, files } = inputs[kind];
    const options: NtuOptions = { skeletons: inputs.skeletons, videos, skeleton, video };
    const start = performance.now();
    const { samples } = await prepare('ntu60', options, {
      out: join(folder, `${name}-${kind}`),
      workers: cores,
    });
    if (samples !== files.length) throw new Error(`${samples} of ${files.length} clips were prepared`);
    const rate = (1000 * samples) / (performance.now() - start);
    const whole = `NTU RGB+D 60 in ${(NTU60 / rate / 3600).toFixed(1)} h`;
    add(`preparing for ${name}, videos of ${size}, ${threads(cores)}`, rate, whole);
  }
  return join(folder, `${name}-small`);
}

/** Batches from shards, disposed of at once. @returns the highest rate with augmentation */
async function streaming(name: keyof typeof sizes, shards: string): Promise<number> {
  const { take, augmentation, batchSize, video, skeleton }: TrainingSize = sizes[name];
  const megabytes = (video.frames * video.size ** 2 * 3 + skeleton.frames * 2 * 25 * 3 * 4) / 1e6;
  let greatest = 0;
  for (const augmented of [false, true]) {
    for (let workers = 0; workers <= cores; workers = workers === 0 ? 1 : 2 * workers) {
      const options = { ...take, workers, ...(augmented && { augmentation }) };
      const dataset = await preparedFolder(shards, options);
      let epoch = 0;
      const rate = await pace(dataset.size, async () => {
        for await (const { inputs, labels } of dataset.batches({ batchSize, seed: 1, epoch: epoch++ })) {
          tf.dispose([inputs, labels]);
        }
      });
      await dataset.close();
      const how = `${threads(workers)}${augmented ? ', augmented' : ''}`;
      add(`streaming for ${name}, ${how}`, rate, `${(rate * megabytes).toFixed(0)} MB/s read`);
      if (augmented) greatest = Math.max(greatest, rate);
    }
  }
  return greatest;
}

/** Training of the smoke preset's network: from clips in memory, and from the loader at the same time. */
async function trainingBeside(shards: string): Promise<{ alone: number; streamed: number }> {
  const { take, augmentation } = sizes.smoke;
  const dataset = await preparedFolder(shards, { ...take, augmentation });
  const alone = add(
    'training smoke with PGD-2, clips in memory',
    await trainingPace(await inMemory(dataset), 3 * seconds),
  );
  const streamed = add(
    'training smoke with PGD-2, clips streamed and augmented',
    await trainingPace(dataset, 3 * seconds),
  );
  await dataset.close();
  return { alone, streamed };
}

async function inMemory(dataset: Dataset): Promise<Dataset> {
  for await (const { ids, inputs, labels } of dataset.batches({ batchSize: dataset.size })) {
    const modalities: Parameters<typeof fromArrays>[0]['modalities'] = {};
    for (const [name, { shape, unit, range }] of Object.entries(dataset.modalities)) {
      modalities[name] = { data: (await inputs[name]!.data()) as Float32Array, shape, unit, range };
    }
    const held = fromArrays({
      modalities,
      labels: [...(await labels.data())],
      classes: dataset.classes,
      ids,
    });
    tf.dispose([inputs, labels]);
    return held;
  }
  throw new Error('there are no clips');
}

/** Clips per second of work on so many clips a time: once untimed, then for some time. */
async function pace(count: number, run: () => Promise<void>): Promise<number> {
  await run();
  const start = performance.now();
  let done = 0;
  let elapsed = 0;
  while (elapsed < 1000 * seconds) {
    await run();
    done += count;
    elapsed = performance.now() - start;
  }
  return (1000 * done) / elapsed;
}

function threads(count: number): string {
  if (count === 0) return 'no threads';
  return count === 1 ? '1 thread' : `${count} threads`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
