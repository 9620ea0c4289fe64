/** A signal that Ctrl-C and a cluster's request to end raise; a second Ctrl-C leaves at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(130);
    process.stderr.write(
      '\nStopping after the step at hand; the same command goes on from there. Ctrl-C again leaves at once.\n',
    );
    controller.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return controller.signal;
}
