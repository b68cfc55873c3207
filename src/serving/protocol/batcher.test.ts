import { expect, it } from "vitest";
import type { ActionChunk, ActionRequest } from "../action.ts";
import { type Acting, Batcher } from "./batcher.ts";

/** A policy of two rows that answers when it is told to; a request with the prompt "bad" fails, and those asked beside it. */
class HeldPolicy implements Acting {
  readonly rows = 2;
  readonly asked: string[][] = [];
  readonly #answers: (() => void)[] = [];

  async act(requests: readonly ActionRequest[]): Promise<readonly ActionChunk[]> {
    this.asked.push(requests.map(({ prompt }) => String(prompt)));
    await new Promise<void>((resolve) => this.#answers.push(resolve));
    if (requests.some(({ prompt }) => prompt === "bad")) throw new Error("bad");
    return requests.map(({ robot, prompt }) => ({ robot, actions: [[prompt.length]], stepsPerSecond: 1 }));
  }

  async answer(): Promise<void> {
    this.#answers.shift()!();
    await new Promise(setImmediate);
  }
}

function request(prompt: string): ActionRequest {
  const robot = { name: "robot" } as never;
  return {
    robot,
    prompt,
    observations: [{ state: [], pictures: {} }],
    noise: { seed: 0, episode: 0, frame: 0, draw: 0 },
  };
}

it("asks one call at a time, with those that waited meanwhile, as many as there are rows", async () => {
  const policy = new HeldPolicy();
  const batcher = new Batcher(policy);
  const answers = ["a", "bb", "ccc", "dddd"].map((prompt) => batcher.act(request(prompt)));
  await new Promise(setImmediate);
  expect(policy.asked).toEqual([["a"]]);
  expect(batcher.waiting).toBe(3);
  await policy.answer();
  expect(policy.asked).toEqual([["a"], ["bb", "ccc"]]);
  await policy.answer();
  await policy.answer();
  expect(policy.asked).toEqual([["a"], ["bb", "ccc"], ["dddd"]]);
  expect((await Promise.all(answers)).map(({ actions }) => actions[0]![0])).toEqual([1, 2, 3, 4]);
});

it("a request that fails fails alone", async () => {
  const policy = new HeldPolicy();
  const batcher = new Batcher(policy);
  const first = batcher.act(request("a"));
  const [bad, good] = [batcher.act(request("bad")), batcher.act(request("good"))];
  const failed = expect(bad).rejects.toThrow("bad");
  await new Promise(setImmediate);
  for (let call = 0; call < 4; call++) await policy.answer();
  await failed;
  expect((await first).actions).toEqual([[1]]);
  expect((await good).actions).toEqual([[4]]);
  expect(policy.asked).toEqual([["a"], ["bad", "good"], ["bad"], ["good"]]);
});
