import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { nothingGiven, readForeignPolicy, readForeignWeights } from "../../src/checkpoint/import/foreign.ts";
import type { ForeignPolicy } from "../../src/checkpoint/import/imported.ts";
import { TensorSource } from "../../src/checkpoint/import/tensor-source.ts";
import { writeSafetensors } from "../../src/checkpoint/safetensors.ts";
import type { Tensor } from "../../src/checkpoint/safetensors-header.ts";
import type { SymbolicArray } from "../../src/graph/array.ts";
import { cells } from "../../src/graph/axes.ts";
import { type Arrays, type DataType, HostArray } from "../../src/graph/host-array.ts";
import { expectClose } from "../../src/graph/testing/close.ts";
import { bits, evaluate } from "../../src/graph/testing/evaluate.ts";
import type { ParameterValues } from "../../src/nn/parameter.ts";
import { traceActions } from "../../src/objective/objective.ts";
import type { Setting } from "../../src/objective/traced.ts";
import { type FlowVariant, type Variant, type VariantName, variants } from "../../src/policy/variant.ts";
import { settingOf } from "../../src/recipe/plan.ts";
import { findPolicy, readPolicyWeights } from "../../src/serving/load.ts";
import { importFolder } from "../../src/training/testing/imported-run.ts";
import { Rules } from "../../src/validity/rules.ts";
import { formulaBytes, formulaValues } from "./formula.ts";
import * as memory from "./pi05-mem-case.ts";
import * as low from "./pi07-case.ts";
import { parametersSchema } from "./reference.ts";

const numbers = z.array(z.number());
const saved = z.object({ place: z.string(), tensors: parametersSchema });
const kinds = [
  "pi0",
  "pi05",
  "pi05_mem",
  "pi05_mem_motion",
  "pi06",
  "pi07_low_level",
  "pi07_paligemma_low_level",
] as const;
type Kind = (typeof kinds)[number];
const file = z.object({
  ...Object.fromEntries(kinds.map((kind) => [kind, saved])),
  pi0: saved.extend({ velocity: numbers, sampled: numbers }),
  pi05: saved,
  pi05_mem: saved,
  pi05_mem_motion: saved,
  pi06: saved.extend({ sampled: numbers }),
  pi07_low_level: saved,
  pi07_paligemma_low_level: saved,
});
const reference = file.parse(JSON.parse(readFileSync(new URL("opentau-folder.json", import.meta.url), "utf8")));

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-opentau-"));
});
afterAll(() => rm(root, { recursive: true }));

const feature = (type: string, ...shape: number[]) => ({ type, shape });
const cameras = Object.fromEntries([0, 1, 2].map((at) => [`camera${at}`, feature("VISUAL", 3, 24, 24)]));

const seesBefore = (kind: Kind) =>
  kind === "pi05" || kind === "pi06"
    ? { predict_response: false }
    : { n_obs_steps: 3, history_interval: 4, spacetime_layer_stride: 2 };

/** As its configuration is saved, but for keys that nothing here asks about. */
const configOf = (kind: Kind) => ({
  type: kind === "pi05_mem_motion" ? "pi05_mem" : kind,
  config_version: 1,
  opentau_version: "0.14.0",
  input_features: { state: feature("STATE", 5), ...cameras },
  output_features: { actions: feature("ACTION", 6) },
  normalization_mapping: { VISUAL: "IDENTITY", STATE: "MEAN_STD", ACTION: "MEAN_STD" },
  dataset_names: ["arm::joint"],
  chunk_size: 4,
  max_state_dim: 5,
  max_action_dim: 6,
  ...(kind === "pi0" ? { tokenizer_max_length: 6, advantage: "use" } : { prompt_max_length: 6 }),
  num_steps: kind === "pi06" || kind === "pi07_low_level" ? 5 : 10,
  ...(kind === "pi0" ? { n_obs_steps: 1 } : seesBefore(kind)),
  ...(kind === "pi05_mem_motion" ? { use_motion: true, motion_insert_layer: null, motion_window: [3, 3, 3] } : {}),
});

/** A name of a tied pair by the other, under which the formula has it. */
const tied = /(paligemma|gemma3)\.lm_head\.weight$/;

function tensorsOf(kind: Kind): Map<string, Tensor> {
  const { place, tensors } = reference[kind];
  return new Map(
    Object.entries(tensors).map(([name, { shape, scale, offset }]) => {
      if (!name.startsWith("model.")) {
        // Of one robot.
        const one = [1, ...shape.slice(1)];
        const own = Float32Array.from({ length: cells(one) }, (_, at) => 1 + at / 8);
        return [name, { shape: one, type: "float32", cells: own }];
      }
      const theirs = name.slice("model.".length).replace(tied, "$1.model.language_model.embed_tokens.weight");
      const own = tied.test(name) ? shape[1]! ** -0.5 : scale;
      return [name, { shape, type: "float32", cells: formulaValues(`${place}/${theirs}`, cells(shape), own, offset) }];
    }),
  );
}

async function folderOf(
  kind: Kind,
  name: string,
  { tensors = tensorsOf(kind), config = {} }: { tensors?: Map<string, Tensor>; config?: object } = {},
): Promise<string> {
  const folder = join(root, name);
  await mkdir(folder);
  await writeSafetensors(join(folder, "model.safetensors"), tensors, {});
  await writeFile(join(folder, "config.json"), JSON.stringify({ ...configOf(kind), ...config }));
  await writeFile(join(folder, "case.json"), JSON.stringify({ sizes: { head_dim: 8, v_heads: 2 } }));
  return folder;
}

/** The same samples, of which only what is now is seen. */
function ofNow(kind: low.Kind): Map<string, HostArray<string, DataType>> {
  const { views: v, observations: o, pictureSize: p, stateWidth: s } = low.layoutOf(kind);
  const pictures = lastOf(formulaBytes("pi07/images", cells([3, o, v, p, p, 3])), o);
  const states = lastOf(formulaValues("pi07/state", cells([3, o, s]), 2, 0), o);
  return new Map([
    ...low.batch(kind, "untold"),
    ["images", new HostArray("b o v h w c", [3, 1, v, p, p, 3], "uint8", Uint8Array.from(pictures))],
    ["state", new HostArray("b o s", [3, 1, s], "float32", Float32Array.from(states))],
    ["viewReal", bits("b o v", [3, 1, v], low.reference.facts.viewReal.flat())],
    ["historyReal", bits("b o", [3, 1], [1, 1, 1])],
  ]);
}

/** Of three samples the last of several slots. */
function lastOf(all: Float32Array | Uint8Array, slots: number): number[] {
  const size = all.length / 3 / slots;
  return [1, 2, 3].flatMap((row) => [...all.subarray((row * slots - 1) * size, row * slots * size)]);
}

describe("a folder that OpenTau saved", () => {
  it.each([
    ["pi05_mem", memory.batch(), memory.reference.threeAxes.sampled],
    ["pi0", ofNow("paligemma"), reference.pi0.sampled],
    ["pi06", ofNow("gemma"), reference.pi06.sampled],
  ] as const)("of %s is a run that gives its chunk, in all its steps", async (kind, feeds, sampled) => {
    const path = await folderOf(kind, kind);
    const { folder, imported, remove } = await importFolder(path, path);
    const setting = settingOf({ recipe: imported.recipe, rules: Rules.all }, 3);
    const { actions } = traceActions({ ...setting, pictures: "uint8" });
    const fixed = await readPolicyWeights(await findPolicy(folder));
    await remove();
    await expectChunk(actions, { feeds, fixed }, sampled);
    const isOfLast = /layers\.\d+\..*|language_model\.norm/;
    const others = imported.unread.filter((name) => !isOfLast.test(name));
    expect(others.every((name) => /da_head|discrete_action_embedding|gemma_expert\.lm_head/.test(name))).toBe(true);
    expect(others.length > 2).toBe(kind !== "pi0");
  });

  it.each([
    ["pi07_low_level", "gemma", "told", low.reference.gemma.told.sampled],
    ["pi07_paligemma_low_level", "paligemma", "mixed", low.reference.paligemma.mixed.sampled],
  ] as const)("of %s gives its chunk, with the words of its tokenizer", async (kind, on, told, sampled) => {
    const { policy, weights } = await read(kind, ({ variant }) => low.settingOf(on, flowRow(variant)));
    expect(policy).toMatchObject({ variant: kind, size: low.reference[on].sizes, history: { slots: 3, interval: 4 } });
    await expectChunk(weights.actions, { feeds: low.batch(on, told), fixed: weights.values }, sampled);
  });

  it.each([
    ["use", "pi0_advantage"],
    ["on", "pi0_advantage"],
    ["ignore", "smolvla"],
  ] as const)("of pi0 whose advantage is %j words prompts as %s", async (advantage, prompt) => {
    const path = await folderOf("pi0", `pi0-${advantage}`, { config: { advantage } });
    const { imported, remove } = await importFolder(path, path);
    await remove();
    expect(imported.recipe.policy).toMatchObject({ variant: "pi0", prompt, promptTokens: 6, stateWidth: 5 });
  });

  it("of pi05 is worded as OpenTau words it, and begins with its weights", async () => {
    const path = await folderOf("pi05", "pi05");
    const { folder, imported, remove } = await importFolder(path, path);
    const { policy, conventions } = imported.recipe;
    expect(policy).toMatchObject({ variant: "pi05", prompt: "pi05_fast", promptTokens: 6, actionHorizon: 4 });
    expect(policy.history.slots).toBe(1);
    expect(conventions).toMatchObject({ pastEnd: "repeated", actionSight: "both", normalizationEpsilon: 1e-6 });
    const weights = await readPolicyWeights(await findPolicy(folder));
    await remove();
    const { place, tensors } = reference.pi05;
    const name = "action_in_proj.weight";
    const { shape, scale } = tensors[`model.${name}`]!;
    const wanted = formulaValues(`${place}/${name}`, cells(shape), scale, 0);
    expect([...weights.get("action.in.weight")!.cells]).toEqual([...wanted]);
  });

  it("of a tower that sees motion has its sizes and its weights", async () => {
    const motion = { after: 1, slots: 3, side: 3, width: 8, extracted: 256, fused: 512 };
    const { sizes } = memory.reference;
    const size = { ...sizes, vision: { ...sizes.vision, motion } };
    const { policy, weights } = await read("pi05_mem_motion", ({ variant }) =>
      memory.settingOf(flowRow(variant), size),
    );
    const { vocabulary: _, ...plain } = size;
    expect(policy).toMatchObject({ variant: "pi05_mem_motion", size: plain });
    const { place, tensors } = reference.pi05_mem_motion;
    const name = "video_encoder.motion_module.stss_encoders.0.stss_integration.fuse.1.weight";
    const { scale } = tensors[`model.${name}`]!;
    const fuse = weights.values.get("vision.tower.motion.fuse.weight");
    expect([...fuse!.cells.subarray(0, 9)]).toEqual([...formulaValues(`${place}/${name}`, 9, scale, 0)]);
  });
});

describe("refused by name is a folder of OpenTau's", () => {
  const without = (name: string) => {
    const tensors = tensorsOf("pi05_mem");
    tensors.delete(name);
    return tensors;
  };
  const robots = tensorsOf("pi05_mem");
  for (const name of ["normalize_inputs.buffer_state.mean", "normalize_inputs.buffer_state.std"])
    robots.set(name, { shape: [2, 5], type: "float32", cells: new Float32Array(10).fill(1) });
  const more = tensorsOf("pi05_mem").set("model.extra", { shape: [1], type: "float32", cells: new Float32Array(1) });
  it.each([
    [
      "that lacks a tensor",
      { tensors: without("model.state_proj.bias") },
      'expected "model.state_proj.bias", got none of that name',
    ],
    ["with one more", { tensors: more }, 'expected no more tensors, got "model.extra"'],
    [
      "without statistics",
      { tensors: without("normalize_targets.buffer_actions.std") },
      'expected statistics in "normalize_targets.buffer_actions.std", got none; save the policy with "save_normalization_stats"',
    ],
    [
      "of several robots",
      { tensors: robots, config: { dataset_names: ["arm", "crane"] } },
      "expected the number of one of 2 robots that it normalises for: 0 is arm, 1 is crane, got none; say it with --embodiment",
    ],
    [
      "along one axis",
      { config: { rope_type: "rope" } },
      'expected "rope_type" to be "mrope_interleaved", as the policies here have it, got "rope"',
    ],
  ] as const)("%s", async (what, change, message) => {
    const path = await folderOf("pi05_mem", what.replaceAll(" ", "-"), change);
    await expect(importFolder(path, path)).rejects.toThrow(message);
  });
});

/** What a folder says of its policy, and its weights in a setting of that. */
async function read(kind: Kind, of: (policy: ForeignPolicy) => Setting) {
  const source = await TensorSource.open(await folderOf(kind, kind));
  const policy = await readForeignPolicy(source, { ...nothingGiven, headWidth: 8, visionHeads: 2 });
  const { actions, parameters } = traceActions(of(policy));
  const values = await readForeignWeights(source, policy.names, parameters);
  await source.close();
  return { policy, weights: { actions, values } };
}

function flowRow(name: VariantName): FlowVariant {
  const row: Variant = variants[name];
  if (row.head !== "flow") throw new Error(`expected a policy with a flow, got ${name}`);
  return row;
}

async function expectChunk(
  actions: SymbolicArray<"b t d">,
  { feeds, fixed }: { readonly feeds: Arrays; readonly fixed: ParameterValues },
  sampled: readonly number[],
): Promise<void> {
  const { got } = await evaluate({ got: actions }, { feeds, threads: 2, fixed });
  const absolute = 1e-5 * Math.max(...sampled.map(Math.abs));
  expectClose("chunk", got, sampled, { absolute, relative: 0, because: "float32, up to ten times in sequence" });
}
