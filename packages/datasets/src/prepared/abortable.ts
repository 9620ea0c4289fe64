type Signals = readonly (AbortSignal | undefined)[];

/**
 * Runs a function with a signal that aborts as soon as one of these does. Unlike `AbortSignal.any`, it leaves no listener on a
 * long-lived signal when the function has ended.
 */
export async function withSignals<T>(signals: Signals, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = onAbort(signals, (reason) => controller.abort(reason));
  try {
    return await run(controller.signal);
  } finally {
    stop();
  }
}

/** Resolves with the promise, or rejects when the signal aborts first. The work behind the promise continues. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = onAbort([signal], reject);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    stop();
  }
}

/** Waits for so many milliseconds, or until one of the signals aborts. */
export async function wait(milliseconds: number, signals: Signals): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stop = () => {};
  await new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
    stop = onAbort(signals, () => resolve());
  });
  clearTimeout(timer);
  stop();
}

/** Calls `call` when one of the signals aborts, at once if one has. The returned function removes the listeners. */
function onAbort(signals: Signals, call: (reason: unknown) => void): () => void {
  const removers: (() => void)[] = [];
  for (const signal of signals) {
    if (!signal) continue;
    const listener = () => call(signal.reason);
    if (signal.aborted) listener();
    else {
      signal.addEventListener('abort', listener);
      removers.push(() => signal.removeEventListener('abort', listener));
    }
  }
  return () => {
    for (const remove of removers) remove();
  };
}
