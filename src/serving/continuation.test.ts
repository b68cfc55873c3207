import { describe, expect, it } from "vitest";
import { Continuation } from "./continuation.ts";

const rates = { framesPerSecond: 10, stepsPerSecond: 20 };
const silent = { delay: null, carriedOut: null };
const measured = { horizon: null, delay: "measured", longestDelay: null } as const;

describe("the delay that a session heeds", () => {
  it("is the longest of the last eight answers, in whole steps from above", () => {
    const session = new Continuation(measured, rates);
    expect(session.waiting(silent)).toEqual({ delay: 0, carriedOut: null });
    session.took(101);
    for (let answer = 0; answer < 7; answer++) session.took(100);
    // 101 ms are 2.02 steps of 50 ms.
    expect(session.waiting(silent).delay).toBe(3);
    session.took(40);
    expect(session.waiting(silent).delay).toBe(2);
    session.reset();
    expect(session.waiting(silent).delay).toBe(2);
  });

  it("is no longer than a policy knows, as it is given, or what the client says", () => {
    const short = new Continuation({ ...measured, longestDelay: 2 }, rates);
    short.took(1000);
    expect(short.waiting(silent).delay).toBe(2);
    expect(short.waiting({ delay: 5, carriedOut: 3 })).toEqual({ delay: 5, carriedOut: 3 });
    const given = new Continuation({ horizon: 4, delay: 1, longestDelay: 0 }, rates);
    given.took(1000);
    expect(given.waiting(silent)).toEqual({ delay: 1, carriedOut: 4 });
  });
});

describe("what a robot carries out", () => {
  const chunk = (first: number) => Array.from({ length: 6 }, (_, step) => [first + step]);

  it("is the chunk before until the answer is there, at two steps a frame, and the last step where it has ended", () => {
    const session = new Continuation(measured, rates);
    expect(session.at(0)).toBeNull();
    session.put(chunk(0), 0, 0);
    expect([session.at(0), session.at(2), session.at(9)]).toEqual([[0], [4], [5]]);
    session.put(chunk(10), 1, 3);
    // Frames 1 and 2 are steps 0 and 2 of the answer, which is there at step 3.
    expect([session.at(1), session.at(2), session.at(3)]).toEqual([[2], [4], [14]]);
    session.put(chunk(20), 3, 0);
    expect(session.at(3)).toEqual([20]);
    session.reset();
    expect(session.at(4)).toBeNull();
  });

  it("goes on by a horizon from message to message where that is given", () => {
    const session = new Continuation({ horizon: 3, delay: 0, longestDelay: null }, rates);
    session.put(chunk(0), 0, 2);
    expect([session.at(0), session.at(1)]).toEqual([[0], [3]]);
  });
});
