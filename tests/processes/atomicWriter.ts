// A worker thread or another process, bundled by esbuild: writes one file again and again with writeAtomically.
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { writeAtomically } from '@amr/internal/node';

/** What a writer is started with: as a thread's data, or as the JSON of a process's first argument. */
export interface WriterTask {
  /** The file. */
  path: string;
  /** Each version of the file is so many bytes. */
  bytes: number;
  /** Value of all bytes of the first version; each further version counts on from it. */
  from: number;
  /** How many versions to write. Absent: begins one, reports that, and never ends it. */
  versions?: number;
  /** What process.pid says instead of the true number: containers that share a folder number processes alike. */
  pid?: number;
}

const task: WriterTask = isMainThread ? JSON.parse(process.argv[2]!) : workerData;
const send = (message: string) => (isMainThread ? process.send!(message) : parentPort!.postMessage(message));
if (task.pid !== undefined) Object.defineProperty(process, 'pid', { value: task.pid });

if (task.versions === undefined) {
  await writeAtomically(task.path, async (file) => {
    await file.write(Buffer.alloc(task.bytes / 2, task.from));
    send('half');
    // An open handle keeps the process alive until it is killed.
    await new Promise(() => setInterval(() => {}, 1000));
  });
} else {
  for (let i = 0; i < task.versions; i++) {
    await writeAtomically(task.path, Buffer.alloc(task.bytes, task.from + i));
  }
  if (task.pid !== undefined && process.pid !== task.pid) throw new Error('process.pid was not stubbed');
  if (isMainThread) process.disconnect();
}
