import { cpus } from 'node:os';

/** Milliseconds that a processor was busy and idle since the machine started. */
export interface ProcessorTime {
  busy: number;
  idle: number;
}

/** The time of all processors together. */
export function processorTime(): ProcessorTime {
  const times = cpus().map((cpu) => cpu.times);
  return {
    busy: times.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, 0),
    idle: times.reduce((sum, { idle }) => sum + idle, 0),
  };
}

/**
 * The share of the processors that other programs used while a runner worked, from 0 to 1: on an idle machine a percent or two.
 * @param own milliseconds of processor time of the runner itself
 */
export function loadOfOthers(before: ProcessorTime, after: ProcessorTime, own: number): number {
  const busy = after.busy - before.busy;
  const all = busy + after.idle - before.idle;
  return all > 0 ? Math.max(0, busy - own) / all : 0;
}
