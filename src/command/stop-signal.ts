/** Whether the user wants a command to stop. */
export interface StopSignal {
  isStopped(): boolean;
  /** Signals do again what they do by themselves. */
  forget(): void;
}

/** Ctrl-C, the end that a machine or a batch system announces, and what Open MPI's mpirun passes on of all signals. */
const signals =
  process.platform === "win32" ? (["SIGINT", "SIGTERM"] as const) : (["SIGINT", "SIGTERM", "SIGUSR2"] as const);

/**
 * Signals ask a command to stop where it leaves everything whole; a second one stops it at once.
 *
 * @param heard told of the first
 */
export function watchStopSignals(heard: () => void): StopSignal {
  let isStopped = false;
  const stop = () => {
    if (isStopped) process.exit(130);
    isStopped = true;
    heard();
  };
  for (const signal of signals) process.on(signal, stop);
  return {
    isStopped: () => isStopped,
    forget() {
      for (const signal of signals) process.off(signal, stop);
    },
  };
}
