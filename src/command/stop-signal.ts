/** Whether the user wants a command to stop. */
export interface StopSignal {
  isStopped(): boolean;
  /** Signals do again what they do by themselves. */
  forget(): void;
}

/**
 * Ctrl-C and SIGTERM ask a command to stop where it leaves everything whole; a second one stops it at once.
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
  process.on("SIGINT", stop).on("SIGTERM", stop);
  return {
    isStopped: () => isStopped,
    forget: () => process.off("SIGINT", stop).off("SIGTERM", stop),
  };
}
