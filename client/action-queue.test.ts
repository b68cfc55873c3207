import { describe, expect, it } from "vitest";
import { ActionQueue, type ChunkExecution, executionProblems, stepsUsed } from "./action-queue.ts";

/** What is carried out in so many steps: each action tells the step of its question and its own step, both of the episode. */
function carriedOut(execution: ChunkExecution, steps: number): (readonly number[])[] {
  const queue = new ActionQueue(execution);
  return Array.from({ length: steps }, (_, step) => {
    if (queue.asks) queue.put(Array.from({ length: 8 }, (_, ahead) => [step, step + ahead]));
    return queue.take();
  });
}

describe("a queue of actions", () => {
  it("carries out the first steps of each chunk where answers come at once", () => {
    const taken = carriedOut({ execute: 3, delay: 0 }, 7);
    expect(taken.map(([asked]) => asked)).toEqual([0, 0, 0, 3, 3, 3, 6]);
  });

  it("goes on with the chunk before until an answer is there, and leaves out what has passed", () => {
    const taken = carriedOut({ execute: 4, delay: 1 }, 10);
    expect(taken.map(([asked]) => asked)).toEqual([0, 0, 0, 0, 3, 3, 3, 3, 7, 7]);
  });

  it("may be asking all the time", () => {
    const taken = carriedOut({ execute: 4, delay: 4 }, 13);
    expect(taken.map(([asked]) => asked)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 4, 4, 8]);
  });

  it.each([
    { execute: 1, delay: 0 },
    { execute: 1, delay: 1 },
    { execute: 5, delay: 3 },
    { execute: 8, delay: 0 },
  ])("gives each step the action that was meant for it: $execute, $delay", (execution) => {
    expect(carriedOut(execution, 40).map(([, meant]) => meant)).toEqual([...Array(40).keys()]);
  });

  it("uses so many steps of some chunk and never a later one, for each horizon and delay", () => {
    for (let execute = 1; execute <= 8; execute++)
      for (let delay = 0; delay <= Math.min(execute, 8 - execute); delay++) {
        const execution = { execute, delay };
        const taken = carriedOut(execution, 50).map(([asked = 0, meant = 0]) => meant - asked);
        expect(Math.max(...taken) + 1).toBe(stepsUsed(execution));
      }
  });

  it("goes over to a chunk that comes late when it comes, and waits only where the one before has ended", () => {
    const queue = new ActionQueue({ execute: 2, delay: 1 });
    const chunk = (asked: number) => Array.from({ length: 4 }, (_, ahead) => [asked, asked + ahead]);
    queue.put(chunk(0));
    const taken = [queue.take(), queue.take(), queue.take()];
    // Requested at step 1, due at step 2, there at step 3.
    queue.put(chunk(1), 1);
    expect([...taken, queue.take(), queue.take()]).toEqual([
      [0, 0],
      [0, 1],
      [0, 2],
      [1, 3],
      [1, 4],
    ]);
    expect({ step: queue.step, hasAction: queue.hasAction }).toEqual({ step: 5, hasAction: false });
  });

  it("does not make up actions", () => {
    const queue = new ActionQueue({ execute: 2, delay: 0 });
    expect(() => queue.take()).toThrow("take: expected step 0 of a chunk, got one of 0 steps");
  });
});

it("a horizon and delay that chunks are too short for, or with two requests at a time, are refused", () => {
  expect(executionProblems({ execute: 4, delay: 4 }, 8)).toEqual([]);
  expect(executionProblems({ execute: 3, delay: 4 }, 6)).toEqual([
    "delay: expected at most the 3 steps of execute, one question at a time, got 4",
    "execute and delay: expected at most the 6 steps of a chunk together, got 3 + 4",
  ]);
});
