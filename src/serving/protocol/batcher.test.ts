import { expect, it, vi } from "vitest";
import { type Acting, Batcher } from "./batcher.ts";

/** Two rows, if not told otherwise, answered with the length of each word when it is told to; a call with the word "bad" fails. */
class HeldPolicy implements Acting<string, number> {
  readonly rows: number;
  readonly lanes: number;
  readonly asked: (readonly string[])[] = [];
  readonly #answers: (() => void)[] = [];

  constructor(lanes = 1, rows = 2) {
    this.lanes = lanes;
    this.rows = rows;
  }

  async act(words: readonly string[]): Promise<readonly number[]> {
    this.asked.push(words);
    await new Promise<void>((resolve) => this.#answers.push(resolve));
    if (words.includes("bad")) throw new Error("bad");
    return words.map(({ length }) => length);
  }

  async answer(): Promise<void> {
    this.#answers.shift()!();
    await new Promise(setImmediate);
  }
}

it("asks one call at a time, with those that waited meanwhile, as many as there are rows", async () => {
  const policy = new HeldPolicy();
  const batcher = new Batcher(policy);
  const answers = ["a", "bb", "ccc", "dddd"].map((word) => batcher.act(word));
  await new Promise(setImmediate);
  expect(policy.asked).toEqual([["a"]]);
  expect(batcher.waiting).toBe(3);
  await policy.answer();
  expect(policy.asked).toEqual([["a"], ["bb", "ccc"]]);
  await policy.answer();
  await policy.answer();
  expect(policy.asked).toEqual([["a"], ["bb", "ccc"], ["dddd"]]);
  expect(await Promise.all(answers)).toEqual([1, 2, 3, 4]);
});

it("asks two calls side by side where there are two lanes, and the next as soon as one of them is free", async () => {
  const policy = new HeldPolicy(2);
  const batcher = new Batcher(policy);
  const answers = ["a", "bb", "ccc", "dddd", "eeeee"].map((word) => batcher.act(word));
  await new Promise(setImmediate);
  expect(policy.asked).toEqual([["a"], ["bb"]]);
  expect(batcher.waiting).toBe(3);
  await policy.answer();
  expect(policy.asked).toEqual([["a"], ["bb"], ["ccc", "dddd"]]);
  await policy.answer();
  expect(policy.asked).toEqual([["a"], ["bb"], ["ccc", "dddd"], ["eeeee"]]);
  await policy.answer();
  await policy.answer();
  expect(await Promise.all(answers)).toEqual([1, 2, 3, 4, 5]);
});

it("waits until as many have asked as are there, or as fit into a call, and no longer than it may", async () => {
  vi.useFakeTimers();
  const policy = new HeldPolicy();
  let robots = 3;
  const batcher = new Batcher(policy, { robots: () => robots, longestMs: 5 });
  const answers = [batcher.act("a")];
  await vi.advanceTimersByTimeAsync(4);
  expect(policy.asked).toEqual([]);
  // Two fit into a call: the second is enough, though a third robot is there.
  answers.push(batcher.act("bb"));
  await vi.advanceTimersByTimeAsync(0);
  expect(policy.asked).toEqual([["a", "bb"]]);
  answers.push(batcher.act("ccc"));
  vi.useRealTimers();
  await policy.answer();
  vi.useFakeTimers();
  robots = 1;
  answers.push(batcher.act("dddd"));
  await vi.advanceTimersByTimeAsync(5);
  expect(policy.asked).toEqual([
    ["a", "bb"],
    ["ccc", "dddd"],
  ]);
  vi.useRealTimers();
  await policy.answer();
  expect(await Promise.all(answers)).toEqual([1, 2, 3, 4]);
});

it("begins with those that asked once it has waited as long as it may", async () => {
  vi.useFakeTimers();
  const policy = new HeldPolicy();
  const batcher = new Batcher(policy, { robots: () => 2, longestMs: 5 });
  const answer = batcher.act("a");
  await vi.advanceTimersByTimeAsync(4);
  expect(policy.asked).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(policy.asked).toEqual([["a"]]);
  vi.useRealTimers();
  await policy.answer();
  expect(await answer).toBe(1);
});

it("waits as long again after each question, until nobody has asked for so long", async () => {
  vi.useFakeTimers();
  const policy = new HeldPolicy(1, 4);
  const batcher = new Batcher(policy, { robots: () => 4, longestMs: 5 });
  const answers = [batcher.act("a")];
  for (const word of ["bb", "ccc"]) {
    await vi.advanceTimersByTimeAsync(4);
    answers.push(batcher.act(word));
  }
  await vi.advanceTimersByTimeAsync(4);
  expect(policy.asked).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(policy.asked).toEqual([["a", "bb", "ccc"]]);
  vi.useRealTimers();
  await policy.answer();
  expect(await Promise.all(answers)).toEqual([1, 2, 3]);
});

it("a question that fails fails alone", async () => {
  const policy = new HeldPolicy();
  const batcher = new Batcher(policy);
  const first = batcher.act("a");
  const [bad, good] = [batcher.act("bad"), batcher.act("good")];
  const failed = expect(bad).rejects.toThrow("bad");
  await new Promise(setImmediate);
  for (let call = 0; call < 4; call++) await policy.answer();
  await failed;
  expect([await first, await good]).toEqual([1, 4]);
  expect(policy.asked).toEqual([["a"], ["bad", "good"], ["bad"], ["good"]]);
});
