import { describe, expect, it } from "vitest";
import { CallerRates, TokenBucket } from "./token-bucket.ts";

describe("a bucket of two tokens per second", () => {
  it("gives two at once, then one each half second, and never more than two after a rest", () => {
    const bucket = new TokenBucket(2, 1000);
    const taken = [1000, 1000, 1000, 1499, 1500, 1501, 9000, 9000, 9000].map((now) => bucket.take(now));
    expect(taken).toEqual([true, true, false, false, true, false, true, true, false]);
  });

  it("is full again once it was refilled", () => {
    const bucket = new TokenBucket(2, 0);
    bucket.take(0);
    expect([bucket.isFull(499), bucket.isFull(500)]).toEqual([false, true]);
  });

  it("holds one token at a rate below one per second", () => {
    const bucket = new TokenBucket(0.5, 0);
    expect([0, 1999, 2000].map((now) => bucket.take(now))).toEqual([true, false, true]);
  });
});

describe("rates of callers", () => {
  it("are each caller's own", () => {
    const rates = new CallerRates(1);
    expect([rates.take("a", 0), rates.take("a", 0), rates.take("b", 0)]).toEqual([true, false, true]);
  });

  it("are none where none is said", () => {
    const rates = new CallerRates(null);
    expect(Array.from({ length: 100 }, () => rates.take("a", 0)).every(Boolean)).toBe(true);
    expect(rates.size).toBe(0);
  });

  it("forget callers that have rested, and no others", () => {
    const rates = new CallerRates(1);
    for (let caller = 0; caller < 1023; caller++) rates.take(`old ${caller}`, 0);
    rates.take("new", 900);
    rates.take("another", 1000);
    expect(rates.size).toBe(2);
    expect(rates.take("new", 1000)).toBe(false);
  });
});
