/** Reports that a run was stopped, with a message and the exit status of Ctrl-C. */
export function stopped(): void {
  process.stderr.write('Stopped. Run the same command again to resume.\n');
  process.exitCode = 130;
}
