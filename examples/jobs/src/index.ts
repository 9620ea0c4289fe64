export { readJson } from './files.js';
export type { Job, Progress } from './job.js';
export { type Display, display, duration, TimeLeft } from './progress.js';
export { attackProgress, checkProgress, trainingProgress } from './progressTexts.js';
export { type SchedulerOptions, schedule, type WorkerMessage } from './scheduler.js';
export { showJobs } from './showJobs.js';
export { requestStop, type StopFlag, signalOf, stopFlag } from './stop.js';
export { stopSignal } from './stopSignal.js';
