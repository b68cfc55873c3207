import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";
import { ActionChunkBroker } from "./action-chunk-broker.ts";
import type { Observation } from "./observation.ts";
import type { PolicyAnswer } from "./policy-client.ts";

/** As `test/parity/chunk_broker.py` wrote it. */
const recordedSchema = z.object({
  cases: z.array(
    z.object({
      horizon: z.number(),
      resets_before: z.array(z.number()),
      fails: z.array(z.number()),
      given: z.array(
        z.union([z.object({ action: z.array(z.number()), infer_ms: z.number() }), z.object({ error: z.string() })]),
      ),
      asked: z.array(z.number()),
      resets: z.number(),
    }),
  ),
});
const file = join(import.meta.dirname, "../test/parity/chunk-broker.json");
const { cases } = recordedSchema.parse(JSON.parse(await readFile(file, "utf8")));

/** The script's policy: step s of its answer to question q is `[10 q + s, −s]`. */
class Policy {
  readonly asked: number[] = [];
  resets = 0;
  readonly #fails: readonly number[];

  constructor(fails: readonly number[]) {
    this.#fails = fails;
  }

  async infer({ state, reset }: Observation): Promise<PolicyAnswer> {
    const question = this.asked.length;
    this.asked.push(Array.isArray(state) ? Number(state[0]) : -1);
    if (this.#fails.includes(question)) throw new Error("no");
    if (reset === true) this.resets++;
    const actions = [0, 1, 2, 3, 4].map((step) => [10 * question + step, 0 - step]);
    const facts = { clamped: 0, slowed: 0, lateMs: 0, saidSteps: null, serverMs: 1, previousMs: null };
    return { actions, ...facts, policyMs: question, isNewSession: false };
  }
}

/** numpy's and ours of a step that is not there. */
const errors = new Map([
  ["Error", "RuntimeError"],
  ["RangeError", "IndexError"],
]);

it.each(cases)("openpi's broker hands out the same with $horizon steps of each chunk", async (recorded) => {
  const policy = new Policy(recorded.fails);
  const broker = new ActionChunkBroker(policy, recorded.horizon);
  const given: object[] = [];
  for (const call of recorded.given.keys()) {
    if (recorded.resets_before.includes(call)) broker.reset();
    const found = await broker.infer({ state: [call], pictures: {}, prompt: "go" }).catch((error: Error) => error);
    if (found instanceof Error) given.push({ error: errors.get(found.name) });
    else given.push({ action: found.action.map((value) => value + 0), infer_ms: found.policyMs });
  }
  expect(given).toEqual(recorded.given);
  expect(policy.asked).toEqual(recorded.asked);
  expect(policy.resets).toBe(recorded.resets);
});

it("an episode that begins with a question that fails begins with the next", async () => {
  const policy = new Policy([0]);
  const broker = new ActionChunkBroker(policy, 2);
  broker.reset();
  const observation = { state: [0], pictures: {}, prompt: "go" };
  await expect(broker.infer(observation)).rejects.toThrow("no");
  await broker.infer(observation);
  expect(policy.resets).toBe(1);
});

it.each([0, 1.5])("a horizon of %d steps is refused", (horizon) => {
  expect(() => new ActionChunkBroker(new Policy([]), horizon)).toThrow(
    `actionHorizon: expected a whole number of steps from 1, got ${horizon}`,
  );
});
