import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Answer, Failed, Ran, Ready, Request } from './protocol.js';

/** A runner took longer than it may. */
export class TooSlow extends Error {}

/** A runner's running program, which answers lines of JSON with lines of JSON. */
export class Child {
  readonly #process: ChildProcessWithoutNullStreams;
  /** Answers that weren't read yet, and the reader that waits for one. */
  readonly #answers: Answer[] = [];
  #waiting: ((answer: Answer) => void) | undefined;
  #complaints = '';

  /** Starts the program. */
  constructor([program, ...args]: readonly string[]) {
    this.#process = spawn(program!, args, { stdio: 'pipe' });
    this.#process.stderr.on('data', (text) => {
      this.#complaints = `${this.#complaints}${text}`.slice(-2000);
    });
    // A program that has ended takes no more requests: its end is the answer to them.
    this.#process.stdin.on('error', () => {});
    this.#process.on('error', (error) => this.#take({ error: error.message }));
    this.#process.on('close', (code, signal) =>
      this.#take({ error: `it ended with ${signal ?? code}: ${lastLine(this.#complaints)}` }),
    );
    // Libraries print to the same place: what is not JSON is theirs.
    createInterface({ input: this.#process.stdout }).on('line', (line) => {
      if (line.startsWith('{')) this.#take(JSON.parse(line));
    });
  }

  /** Waits until the network is built. @throws {TooSlow} after so many seconds; {Error} when that fails */
  ready(seconds: number): Promise<Ready> {
    return this.#next<Ready>(seconds);
  }

  /** Runs the task. @throws {TooSlow} after so many seconds, with which it is ended; {Error} when it fails */
  ask(request: Request, seconds: number): Promise<Ran> {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    return this.#next<Ran>(seconds);
  }

  /** Ends the program. */
  end(): void {
    this.#process.kill('SIGKILL');
  }

  async #next<Expected extends Answer>(seconds: number): Promise<Expected> {
    let timer: NodeJS.Timeout | undefined;
    const answer = await new Promise<Answer>((resolve, reject) => {
      const ready = this.#answers.shift();
      if (ready) return resolve(ready);
      this.#waiting = resolve;
      timer = setTimeout(() => {
        this.end();
        reject(new TooSlow(`over ${seconds} s`));
      }, 1000 * seconds);
    }).finally(() => clearTimeout(timer));
    const { error } = answer as Partial<Failed>;
    if (error !== undefined) throw new Error(error);
    return answer as Expected;
  }

  #take(answer: Answer): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting(answer);
    else this.#answers.push(answer);
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) || 'nothing was said';
}
