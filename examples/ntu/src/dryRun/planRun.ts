import { type BackendName, useBackend } from '@amr/backend';
import { buildDefence, buildStream } from '../models.js';
import type { Run } from '../run.js';
import type { Settings, StreamName } from '../settings/settings.js';
import { type ClipCounts, clipCounts, preparedBytes } from './clipCounts.js';
import { estimate, type TimedPart } from './estimate.js';
import { type Measured, measureNetwork, type Subject } from './measureNetwork.js';
import { type NetworkSize, networkSize } from './networkSize.js';

/** What a run needs: data, networks, memory and time. */
export interface DryRun {
  readonly preset: string;
  readonly data: string;
  readonly split: string;
  readonly out: string;
  readonly prepared: string;
  readonly clips: ClipCounts;
  /** Bytes of the prepared data. */
  readonly disk: number;
  readonly backend: string;
  readonly networks: { readonly [network: string]: NetworkSize & { readonly measured?: Measured } };
  /** Peak memory of this process during the measurements, in bytes, without that of a GPU. */
  readonly peakMemory?: number;
  /** Absent when nothing was measured. */
  readonly time?: { readonly parts: readonly TimedPart[]; readonly seconds: number };
  readonly settings: Settings;
}

/** Options of {@link planRun}. */
export interface DryRunOptions {
  /** Whether steps are measured. If not, there is no estimate of the time. Default: true. */
  readonly measure?: boolean;
  /** Default: the fastest available. */
  readonly backend?: BackendName;
  readonly signal: AbortSignal;
  readonly onStart?: (network: string) => void;
}

/** Computes how large a run is, and estimates, from some measured steps, how long it takes on this machine. */
export async function planRun(
  run: Run,
  { measure = true, signal, onStart, backend: wanted }: DryRunOptions,
): Promise<DryRun> {
  const { settings, names, out, prepared } = run;
  const clips = await clipCounts(run);
  const { backend } = await useBackend({ ...(wanted && { backend: wanted }) });
  const networks: { [network: string]: NetworkSize & { measured?: Measured } } = {};
  for (const [name, build] of subjects(settings, clips.classes)) {
    const subject = build();
    const stage = name === 'video' || name === 'skeleton' ? name : 'joint';
    const size = networkSize(subject.model, settings.training[stage]);
    if (measure) onStart?.(name);
    const measured = measure ? await measureNetwork(settings, subject, signal) : undefined;
    networks[name] = { ...size, ...(measured && { measured }) };
    subject.model.dispose();
  }
  const speeds = Object.fromEntries(
    Object.entries(networks).flatMap(([name, { measured }]) => (measured ? [[name, measured]] : [])),
  );
  const parts = measure ? estimate(settings, clips, speeds) : undefined;
  return {
    preset: names.preset,
    data: names.data,
    split: settings.dataset.split,
    out,
    prepared,
    clips,
    disk: (clips.train + clips.test) * preparedBytes(settings),
    backend,
    networks,
    ...(measure && { peakMemory: process.resourceUsage().maxRSS * 1024 }),
    ...(parts && { time: { parts, seconds: parts.reduce((sum, { seconds }) => sum + seconds, 0) } }),
    settings,
  };
}

/** All networks of a run, one built at a time. */
function* subjects(settings: Settings, classes: number): Generator<[name: string, build: () => Subject]> {
  const { training, defences, seeds } = settings;
  const seed = seeds[0]!;
  for (const stream of ['video', 'skeleton'] satisfies StreamName[]) {
    yield [
      stream,
      () => ({
        model: buildStream(settings, stream, seed, classes).model,
        classes,
        batchSize: training[stream].batchSize,
        objective: 'cross-entropy',
        adversarial: false,
        attacked: false,
      }),
    ];
  }
  for (const [name, { objective, adversarial }] of Object.entries(defences)) {
    yield [
      name,
      () => ({
        model: buildDefence(settings, name, seed, classes).model,
        classes,
        batchSize: training.joint.batchSize,
        objective,
        adversarial,
        attacked: true,
      }),
    ];
  }
}
