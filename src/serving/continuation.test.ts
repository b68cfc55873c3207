import { describe, expect, it } from "vitest";
import { Continuation } from "./continuation.ts";

const rates = { framesPerSecond: 10, stepsPerSecond: 20 };
/** A frame whose client numbers no steps. */
const at = (frame: number) => ({ frame, numbered: null });
const silent = { delay: null, carriedOut: null };
const measured = { horizon: null, delay: "measured", longestDelay: null } as const;

describe("the delay that a session heeds", () => {
  it("is the longest of the last eight answers, in whole steps from above", () => {
    const session = new Continuation(measured, rates);
    expect(session.waiting(silent, at(0))).toEqual({ delay: 0, carriedOut: null });
    session.took(101, 0);
    for (let answer = 0; answer < 7; answer++) session.took(100, 0);
    // 101 ms are 2.02 steps of 50 ms.
    expect(session.waiting(silent, at(0)).delay).toBe(3);
    session.took(40, 0);
    expect(session.waiting(silent, at(0)).delay).toBe(2);
    session.reset();
    expect(session.waiting(silent, at(0)).delay).toBe(2);
  });

  it("is no longer than a policy knows, as it is given, or what the client says", () => {
    const short = new Continuation({ ...measured, longestDelay: 2 }, rates);
    short.took(1000, 0);
    expect(short.waiting(silent, at(0)).delay).toBe(2);
    expect(short.waiting({ delay: 5, carriedOut: 3 }, at(0))).toEqual({ delay: 5, carriedOut: 3 });
    const given = new Continuation({ horizon: 4, delay: 1, longestDelay: 0 }, rates);
    given.took(1000, 0);
    expect(given.waiting(silent, at(0))).toEqual({ delay: 1, carriedOut: 4 });
  });
});

describe("what a robot carries out", () => {
  const chunk = (first: number) => Array.from({ length: 6 }, (_, step) => [first + step]);

  it("is the chunk before until the answer is there, at two steps a frame, and the last step where it has ended", () => {
    const session = new Continuation(measured, rates);
    expect(session.at(at(0))).toBeNull();
    session.put(chunk(0), at(0), 0);
    expect([session.at(at(0)), session.at(at(2)), session.at(at(9))]).toEqual([[0], [4], [5]]);
    session.put(chunk(10), at(1), 3);
    // Frames 1 and 2 are steps 0 and 2 of the answer, which is there at step 3.
    expect([session.at(at(1)), session.at(at(2)), session.at(at(3))]).toEqual([[2], [4], [14]]);
    session.put(chunk(20), at(3), 0);
    expect(session.at(at(3))).toEqual([20]);
    session.reset();
    expect(session.at(at(4))).toBeNull();
  });

  it("is the first step at frames from before its first answer", () => {
    const session = new Continuation(measured, rates);
    session.put(chunk(0), at(2), 0);
    expect([session.at(at(0)), session.at(at(2)), session.at(at(3))]).toEqual([[0], [0], [2]]);
  });

  it("goes on by a horizon from message to message where that is given", () => {
    const session = new Continuation({ horizon: 3, delay: 0, longestDelay: null }, rates);
    session.put(chunk(0), at(0), 2);
    expect([session.at(at(0)), session.at(at(1))]).toEqual([[0], [3]]);
  });
});

describe("a robot whose client numbers its steps", () => {
  const chunk = (first: number) => Array.from({ length: 6 }, (_, step) => [first + step]);
  const numbered = (first: number, next = first + 1) => ({ frame: 99, numbered: { first, next } });

  it("has carried out as many steps of its chunk as they say, and waits where that ends", () => {
    const session = new Continuation({ horizon: 5, delay: 3, longestDelay: null }, rates);
    expect([session.hasBegun, session.waiting(silent, numbered(0)).delay]).toEqual([false, 3]);
    session.put(chunk(0), numbered(0), 1);
    expect(session.hasBegun).toBe(true);
    expect(session.waiting(silent, numbered(2))).toEqual({ delay: 3, carriedOut: 2 });
    // Step 5 alone is left, then none: it stands at step 5, which is the first of the answer.
    expect(session.waiting(silent, numbered(4))).toEqual({ delay: 2, carriedOut: 4 });
    expect(session.waiting(silent, numbered(5))).toEqual({ delay: 1, carriedOut: 5 });
    expect(session.waiting(silent, numbered(9))).toEqual({ delay: 1, carriedOut: 9 });
  });

  it("was seen to carry out steps while an answer was on its way, which a short time does not hide", () => {
    const session = new Continuation(measured, rates);
    session.took(51, 1);
    expect(session.waiting(silent, numbered(0)).delay).toBe(2);
    session.took(49, 3);
    expect(session.waiting(silent, numbered(0)).delay).toBe(3);
  });

  it("carries out the chunk before up to the step by which the answer is there", () => {
    const session = new Continuation(measured, rates);
    // Before the first answer it stands still.
    session.put(chunk(0), numbered(0, 0), 1);
    expect([session.at(numbered(0, 0)), session.at(numbered(1))]).toEqual([[0], [2]]);
    session.put(chunk(10), numbered(1), 3);
    // The answer's first step is 1, so that steps 1 to 3 are those of the chunk before.
    expect([session.at(numbered(2)), session.at(numbered(3))]).toEqual([[3], [13]]);
  });

  it("has begun anew where a number is from before its chunk", () => {
    const session = new Continuation(measured, rates);
    expect(session.isBefore(0)).toBe(false);
    session.put(chunk(0), numbered(1), 0);
    expect([session.isBefore(0), session.isBefore(1)]).toEqual([true, false]);
    session.put(chunk(0), at(3), 0);
    expect(session.isBefore(0)).toBe(false);
  });
});
