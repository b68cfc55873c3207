import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { readSafetensors } from "../../src/checkpoint/safetensors.ts";
import { readFastFor } from "../../src/codec/fast-file.ts";
import { HostArray } from "../../src/graph/host-array.ts";
import { ActionSampler } from "../../src/objective/sample.ts";
import { answersOf } from "../../src/recipe/answer.ts";
import { settingOf } from "../../src/recipe/plan.ts";
import type { ActionRequest } from "../../src/serving/action.ts";
import { findPolicy, loadPolicy, readPolicyWeights } from "../../src/serving/load.ts";
import type { LoadedPolicy } from "../../src/serving/policy.ts";
import { type ImportedFolder, importFolder } from "../../src/training/testing/imported-run.ts";
import { Rules } from "../../src/validity/rules.ts";

const folder = join(import.meta.dirname, "released", "pi0_fast_spoken");
const rows = z.array(z.array(z.number()));
const chunks = z.array(rows);

/** What LeRobot said, and read from it: `pi0_fast_spoken.py`. */
const found = z
  .object({
    "raw.tasks": z.array(z.string()),
    "raw.state": rows,
    "raw.pictures": chunks,
    "in.tokens": rows,
    taught: rows,
    "out.said": rows,
    "out.unit": chunks,
    "out.robot": chunks,
    detokenized: z.record(z.string(), z.object({ tokens: z.array(z.number()), unit: rows })),
  })
  .parse(JSON.parse(readFileSync(join(folder, "case.json"), "utf8")));

let run: ImportedFolder;
beforeAll(async () => {
  const actionTokenizer = await readFastFor(join(folder, "fast"), { horizon: 5, dofs: 3 });
  run = await importFolder(folder, folder, undefined, { tokenizer: join(folder, "tokenizer"), actionTokenizer });
});
afterAll(() => run.remove());

function requests(policy: LoadedPolicy): ActionRequest[] {
  const robot = policy.robots[0]!;
  return found["raw.tasks"].map((prompt, row) => {
    const pictures = Object.fromEntries(
      ["top", "wrist"].map((camera, at) => {
        const cells = Uint8Array.from(found["raw.pictures"][row]![at]!);
        return [camera, new HostArray("h w c", [8, 8, 3], "uint8", cells)] as const;
      }),
    );
    const state = Float64Array.from(found["raw.state"][row]!);
    const noise = { seed: 1, episode: row, frame: 0, draw: 0 };
    return { robot, observations: [{ state, pictures }], prompt, noise };
  });
}

/** Far less than a step of the tokenizer, which is a third in unit scale: float32 and float64. */
function expectChunk(actions: readonly (readonly number[])[], wanted: readonly (readonly number[])[]): void {
  expect(actions.length).toBe(wanted.length);
  for (const [step, own] of wanted.entries())
    for (const [dof, value] of own.entries()) expect(actions[step]![dof]).toBeCloseTo(value, 4);
}

describe("a policy that LeRobot taught to say its actions, imported", () => {
  it("reads the prompts that LeRobot makes, and says the tokens that LeRobot has it say", async () => {
    const { recipe } = await findPolicy(run.folder);
    const policy = await loadPolicy(run.folder, { robots: 4, machine: "as trained" });
    const batch = policy.perceive(requests(policy));
    const { bits } = batch.facts.tokenReal;
    const prompts = batch.prompt.read(({ cells, shape: [, n = 0] }) =>
      found["in.tokens"].map((_, row) =>
        [...cells.subarray(row * n, (row + 1) * n)].filter((__, at) => bits[row * n + at] === 1),
      ),
    );
    expect(prompts).toEqual(found["in.tokens"]);
    policy.release();
    const sampler = await ActionSampler.compile({
      setting: settingOf({ recipe, rules: Rules.all }, 4),
      weights: await readPolicyWeights(await findPolicy(run.folder)),
      placement: "written",
      answers: answersOf(recipe),
      machine: { device: "cpu", threads: 1 },
    });
    const keys = found["raw.tasks"].map((_, episode) => ({ seed: 1, dataset: "x", episode, frame: 0, draw: 0 }));
    const { cells, shape } = await sampler.said(sampler.feedsOf(batch, keys));
    sampler.release();
    expect(shape).toEqual([4, found["out.said"][0]!.length]);
    // Behind an end LeRobot's policy goes on while other samples do; nobody reads that, and here there is nothing.
    for (const [row, said] of found["out.said"].entries()) {
      const own = cells.subarray(row * shape[1]!, (row + 1) * shape[1]!);
      const length = own.findLastIndex((token) => token !== 0) + 1;
      expect([...own.subarray(0, length)]).toEqual(said.slice(0, length));
      expect([...own.subarray(0, length)]).toEqual(found.taught[row]!.slice(1, length + 1));
    }
  });

  it("gives robots the actions that LeRobot reads from them, and counts what is no answer", async () => {
    const policy = await loadPolicy(run.folder, { robots: 4, machine: "as trained", brokenAnswers: "zeros" });
    const given = await policy.act(requests(policy));
    policy.release();
    expect(given.map(({ saidSteps }) => saidSteps)).toEqual([5, 5, 5, 0]);
    for (const [row, { actions }] of given.slice(0, 3).entries()) expectChunk(actions, found["out.robot"][row]!);
    // LeRobot leaves a word among actions out, and takes each of the next coefficients for the one before it.
    const statistics = await readSafetensors(
      join(folder, "policy_postprocessor_step_0_unnormalizer_processor.safetensors"),
    );
    const mean = Array.from(statistics.get("action.mean")!.cells, Number);
    expectChunk(given[3]!.actions, Array(5).fill(mean));
    expect(found["out.unit"][3]!.flat().some((cell) => cell !== 0)).toBe(true);
  });

  it("gives no robot an action that it did not say, unless asked to", async () => {
    const policy = await loadPolicy(run.folder, { robots: 4, machine: "as trained" });
    const asked = requests(policy);
    await expect(policy.act(asked)).rejects.toThrow(
      "got an answer that says 0 of 5 steps; train it on, or ask for zeros",
    );
    expect((await policy.act(asked.slice(0, 3))).map(({ saidSteps }) => saidSteps)).toEqual([5, 5, 5]);
    policy.release();
  });
});

it.each(Object.keys(found.detokenized))("an answer that is %s says what it says to LeRobot", async (name) => {
  const { recipe } = await findPolicy(run.folder);
  const { tokens, unit } = found.detokenized[name]!;
  const { cells, shape } = answersOf(recipe)!.codec.decode(Int32Array.from(tokens), { dofs: 3, horizon: 5 });
  expect(shape).toEqual([5, 3]);
  expectChunk(
    unit.map((_, step) => [...cells.subarray(step * 3, step * 3 + 3)]),
    unit,
  );
});

it("a tokenizer of actions that was fitted to chunks of other sizes is refused", async () => {
  const path = join(folder, "fast");
  await expect(readFastFor(path, { horizon: 6, dofs: 3 })).rejects.toThrow(
    `${join(path, "processor_config.json")}: expected a tokenizer for 6 steps of 3 dofs, as the policy has them, got one for 5 of 3`,
  );
  await expect(readFastFor(path, { horizon: 5, dofs: 4 })).rejects.toThrow("for 5 steps of 4 dofs");
});
