import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { tidying } from "./tidy.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("memory is returned once for all clients that leave within a second, and again for those after it", () => {
  const release = vi.fn();
  const left = tidying(release);
  for (let client = 0; client < 50; client++) left();
  vi.advanceTimersByTime(999);
  expect(release).toHaveBeenCalledTimes(0);
  vi.advanceTimersByTime(1);
  expect(release).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(60_000);
  expect(release).toHaveBeenCalledTimes(1);
  left();
  vi.advanceTimersByTime(1000);
  expect(release).toHaveBeenCalledTimes(2);
});
