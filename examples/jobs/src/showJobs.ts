import type { Job } from './job.js';
import { display, TimeLeft } from './progress.js';
import { type SchedulerOptions, schedule } from './scheduler.js';

/**
 * Runs the jobs as {@link schedule} does, with their progress and the time left on the terminal.
 * @returns false when it was stopped before the end
 */
export async function showJobs<J extends Job>(
  options: Omit<SchedulerOptions<J>, 'onStart' | 'onProgress' | 'onEnd'>,
): Promise<boolean> {
  const show = display(new TimeLeft(options.jobs, options.isDone));
  try {
    return await schedule({
      ...options,
      onStart: (job) => show.start(job),
      onProgress: (job, progress) => show.update(job, progress),
      onEnd: (job, seconds) => show.end(job, seconds),
    });
  } finally {
    show.close();
  }
}
