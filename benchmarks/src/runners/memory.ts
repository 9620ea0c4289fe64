import { readFileSync } from 'node:fs';

/** What a process takes of the machine's memory. */
export interface Memory {
  /** Bytes now. */
  now: number;
  /** The most so far, in bytes. */
  peak: number;
}

/**
 * This process's memory. On Linux what the kernel counted since the program was started: getrusage also counts what the
 * parent had when it started it.
 */
export function memory(): Memory {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    const bytes = (field: string) => 1024 * Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)![1]);
    return { now: bytes('VmRSS'), peak: bytes('VmHWM') };
  } catch {
    return { now: process.memoryUsage.rss(), peak: 1024 * process.resourceUsage().maxRSS };
  }
}
