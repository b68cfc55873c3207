import { expect, test } from "vitest";
import { processorMs } from "./processor-time.ts";

test("the processor time of this process grows by what it does; that of a program that is not there is not known", () => {
  const before = processorMs(undefined)!;
  let sum = 0;
  for (let at = 0; at < 3e7; at++) sum += Math.sqrt(at);
  expect(sum).toBeGreaterThan(0);
  expect(processorMs(undefined)).toBeGreaterThan(before);
  expect(processorMs(2 ** 30)).toBeNull();
});

test.skipIf(process.platform !== "linux")("that of a program counts those that it has started", () => {
  // Ticks of 10 ms: this process is at most one behind what it says of itself, and each of its threads as well.
  expect(processorMs(process.pid)).toBeGreaterThan(0);
  expect(processorMs(process.ppid)).toBeGreaterThanOrEqual(processorMs(process.pid)!);
});
