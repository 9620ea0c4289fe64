import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { useBackend } from '@amr/backend';
import { countOption, duration, readJson, showJobs, stopSignal } from '@amr/example-jobs';
import { writeAtomically } from '@amr/internal/node';
import { Command, Option } from 'commander';
import { loadData } from './data.js';
import { plan, resultOf } from './plan.js';
import { presets } from './presets.js';
import { writeReport } from './report.js';
import type { Settings } from './settings.js';

interface Flags {
  data: 'generated' | 'utd-mhad';
  root?: string;
  quick?: boolean;
  preset?: string;
  seeds?: number;
  epochs?: number;
  workers?: number;
  out?: string;
  fresh?: boolean;
}

const program = new Command('quickstart')
  .description(
    'Trains a two-stream model undefended, with adversarial training, and with AMR and adversarial training; attacks and compares them.',
  )
  .addOption(
    new Option('--data <set>', 'what to train on').choices(['generated', 'utd-mhad']).default('generated'),
  )
  .option('--root <folder>', 'the compact UTD-MHAD folder, for --data utd-mhad')
  .option('--quick', 'a smaller run, under 2 minutes on two cores')
  .option('--preset <name>', `settings by name: ${Object.keys(presets).join(', ')}`)
  .option('--seeds <count>', 'train every model this often, with seeds 1, 2, ...', countOption(1))
  .option('--epochs <count>', 'passes over the training clips', countOption(1))
  .option('--workers <count>', 'jobs at once (default: one for each core)', countOption(1))
  .option('--out <folder>', 'where the results go (default: runs/<preset>)')
  .option('--fresh', 'delete what is in the folder and start again')
  .showHelpAfterError('(--help shows the options)');

try {
  process.exitCode = await main(
    program.parse(process.argv.filter((argument) => argument !== '--')).opts<Flags>(),
  );
} catch (error) {
  console.error(`\n${(error as Error).message}`);
  process.exitCode = 1;
}

async function main(flags: Flags): Promise<number> {
  const settings = settingsOf(flags);
  const out = resolve(flags.out ?? join('runs', settings.preset));
  if (flags.fresh) rmSync(out, { recursive: true, force: true });
  await claim(out, settings);

  const signal = stopSignal();

  const { backend } = await useBackend();
  process.stderr.write(`Preset ${settings.preset}, backend ${backend}, results in ${out}\n`);
  const data = await loadData(settings.data);
  const sizes = { train: data.train.labels.length, test: data.test.labels.length };
  process.stderr.write(
    `${sizes.train} clips to train on, ${sizes.test} to test on, ${data.train.classes.length} classes\n`,
  );

  const jobs = plan(settings, sizes);
  const isDone = (job: (typeof jobs)[number]) => existsSync(resultOf(out, job));
  const start = performance.now();
  const finished = await showJobs({
    jobs,
    isDone,
    worker: new URL('./worker.js', import.meta.url),
    workerData: { settings, out, data },
    workers: flags.workers,
    signal,
  });
  if (!finished) {
    process.stderr.write('Stopped. Run the same command again to resume.\n');
    return 130;
  }
  const files = await writeReport({ settings, out, data, backend });
  process.stdout.write(`${files.text}\n`);
  process.stderr.write(
    `\nDone in ${duration((performance.now() - start) / 1000)}. ${files.json}\n${files.html}\n`,
  );
  return 0;
}

function settingsOf(flags: Flags): Settings {
  const name = flags.preset ?? `${flags.data}${flags.quick ? '-quick' : ''}`;
  const preset = presets[name];
  if (!preset)
    throw new Error(
      `--preset: got '${name}'; expected one of ${Object.keys(presets).join(', ')}. Choose one of these.`,
    );
  if (preset.data.kind === 'utd-mhad' && !flags.root) {
    throw new Error(
      `--root: got nothing; expected the folder of UTD-MHAD in compact form (index.json and two .bin.gz files), which preset ${name} needs. Add --root DIR.`,
    );
  }
  return {
    ...preset,
    data: preset.data.kind === 'utd-mhad' ? { ...preset.data, root: resolve(flags.root!) } : preset.data,
    training: { ...preset.training, epochs: flags.epochs ?? preset.training.epochs },
    seeds: flags.seeds ? Array.from({ length: flags.seeds }, (_, i) => i + 1) : preset.seeds,
  };
}

/** A folder holds one run: its settings are written first, and a run with other settings is refused. */
async function claim(out: string, settings: Settings): Promise<void> {
  mkdirSync(out, { recursive: true });
  const file = join(out, 'settings.json');
  const held = readJson<Settings>(file);
  // More seeds add to a run; anything else would mix two runs.
  const identity = ({ seeds: _, ...rest }: Settings) => JSON.stringify(rest);
  if (held && identity(held) !== identity(settings)) {
    throw new Error(
      `--out: got ${out}, which holds a run with other settings; expected an empty folder, or one with the settings in its settings.json. Choose another --out, or start again with --fresh.`,
    );
  }
  await writeAtomically(file, `${JSON.stringify(settings, null, 2)}\n`);
}
