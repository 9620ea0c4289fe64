import { readFileSync } from 'node:fs';

/** Memory of a process. */
export interface Memory {
  /** Bytes now. */
  now: number;
  /** Peak so far, in bytes. */
  peak: number;
}

/**
 * This process's memory. On Linux the kernel's count since the start of the program: getrusage also counts the parent's
 * memory at the fork.
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
