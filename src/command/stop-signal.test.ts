import { afterEach, expect, test, vi } from "vitest";
import { type StopSignal, watchStopSignals } from "./stop-signal.ts";

let stop: StopSignal | null = null;
afterEach(() => {
  stop?.forget();
  vi.unstubAllEnvs();
});

/** What a command notices of signals, one after the other. */
function after(...signals: readonly NodeJS.Signals[]): { isStopped: boolean; heard: number } {
  let heard = 0;
  stop = watchStopSignals(() => heard++);
  for (const signal of signals) process.emit(signal, signal);
  return { isStopped: stop.isStopped(), heard };
}

test("a signal is heard once", () => {
  expect(after("SIGTERM")).toEqual({ isStopped: true, heard: 1 });
});

test("a rank that is woken without having slept stops before the launcher ends it, and SIGTERM is not its second signal", () => {
  vi.stubEnv("OMPI_COMM_WORLD_SIZE", "2");
  expect(after("SIGCONT")).toEqual({ isStopped: true, heard: 1 });
  stop?.forget();
  expect(after("SIGCONT", "SIGTERM")).toEqual({ isStopped: true, heard: 1 });
});

test("a rank that has slept goes on, and so does a process by itself", () => {
  expect(after("SIGCONT")).toEqual({ isStopped: false, heard: 0 });
  stop?.forget();
  vi.stubEnv("OMPI_COMM_WORLD_SIZE", "2");
  let heard = 0;
  stop = watchStopSignals(() => heard++);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1100);
  process.emit("SIGCONT", "SIGCONT");
  expect([stop.isStopped(), heard]).toEqual([false, 0]);
});
