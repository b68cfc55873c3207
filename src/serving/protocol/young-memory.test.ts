import { constants, PerformanceObserver } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { expect, it } from "vitest";
import { z } from "zod";
import { youngMemory } from "./young-memory.ts";

const detail = z.object({ kind: z.number(), flags: z.number() });

/** A message that nobody holds. */
function pass(megabytes: number): void {
  new Uint8Array(megabytes * 2 ** 20).fill(1);
}

it("what is young is collected when eight megabytes of messages are gone, and not before", async () => {
  let collections = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const { kind, flags } = detail.parse("detail" in entry ? entry.detail : undefined);
      const isAsked = (flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0;
      if (isAsked && kind === constants.NODE_PERFORMANCE_GC_MINOR) collections++;
    }
  });
  observer.observe({ entryTypes: ["gc"] });
  const held = new Uint8Array(2 ** 20).fill(7);
  const collect = youngMemory();
  const found: number[] = [];
  for (const megabytes of [0, 5, 5, 0, 3, 0, 9]) {
    pass(megabytes);
    collect();
    // The observer is told in a turn of its own.
    await setTimeout(20);
    found.push(collections);
  }
  observer.disconnect();
  expect(found).toEqual([0, 0, 1, 1, 1, 1, 2]);
  expect(held.every((cell) => cell === 7)).toBe(true);
});
