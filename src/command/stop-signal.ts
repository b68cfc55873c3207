import { launchOf } from "../ranks/mpi/launch.ts";

/** Whether the user wants a command to stop. */
export interface StopSignal {
  isStopped(): boolean;
  /** Signals do again what they do by themselves. */
  forget(): void;
}

/** Ctrl-C, the end that a machine or a batch system announces, and what Open MPI's mpirun passes on of all signals. */
const signals =
  process.platform === "win32" ? (["SIGINT", "SIGTERM"] as const) : (["SIGINT", "SIGTERM", "SIGUSR2"] as const);

/** A process whose timers have rested for longer has been stopped, and goes on. */
const longestRestMs = 1000;
const beatMs = 100;

/**
 * Signals ask a command to stop where it leaves everything whole; a second one stops it at once.
 *
 * @param heard told of the first
 */
export function watchStopSignals(heard: () => void): StopSignal {
  let [isStopped, isSignalled] = [false, false];
  const ask = () => {
    if (!isStopped) heard();
    isStopped = true;
  };
  const stop = () => {
    if (isSignalled) process.exit(130);
    isSignalled = true;
    ask();
  };
  for (const signal of signals) process.on(signal, stop);
  const forgetHerald = launchOf(process.env) === null ? () => {} : watchHerald(ask);
  return {
    isStopped: () => isStopped,
    forget() {
      for (const signal of signals) process.off(signal, stop);
      forgetHerald();
    },
  };
}

/**
 * Launchers that end their processes wake them first: Open MPI's mpirun sends SIGCONT, a second later SIGTERM, and a second
 * after that SIGKILL. To a process that did not sleep, the first says that the others will come.
 */
function watchHerald(ask: () => void): () => void {
  let beatAt = performance.now();
  const beat = setInterval(() => {
    beatAt = performance.now();
  }, beatMs).unref();
  const woken = () => {
    if (performance.now() - beatAt <= longestRestMs) ask();
  };
  process.on("SIGCONT", woken);
  return () => {
    clearInterval(beat);
    process.off("SIGCONT", woken);
  };
}
