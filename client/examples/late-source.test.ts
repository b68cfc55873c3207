import { expect, it } from "vitest";
import type { ActionSource } from "../action-stream.ts";
import { toyMetadata } from "../testing/toy-metadata.ts";
import { LateSource } from "./late-source.ts";

/** Answers at once. */
const source: ActionSource = {
  metadata: toyMetadata,
  see: async () => {},
  infer: async () => {
    const facts = { clamped: 0, slowed: 0, lateMs: 0, saidSteps: null, policyMs: 1, serverMs: 1, previousMs: null };
    return { actions: [[1]], ...facts, isNewSession: false };
  },
};

it("answers come after so many steps, but for an episode's first, also where one of the episode before is under way", async () => {
  const late = new LateSource(source, 2);
  const came: string[] = [];
  const ask = (name: string) => void late.infer({ state: [0], pictures: {}, prompt: "go" }).then(() => came.push(name));
  const settled = () => new Promise((settle) => setImmediate(settle));
  ask("first");
  await settled();
  ask("second");
  await late.stepped();
  expect(came).toEqual(["first"]);
  await late.stepped();
  expect(came).toEqual(["first", "second"]);
  ask("third");
  late.reset();
  await settled();
  ask("first again");
  await settled();
  expect(came).toEqual(["first", "second", "third", "first again"]);
});
