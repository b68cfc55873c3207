import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectSameBits } from "../../src/graph/testing/bits.ts";
import { readEvents } from "../../src/training/event-log.ts";
import { armature, armatureWithin, type Finished, jsonOf, scratch, twoModes } from "./command.ts";
import { checkpointsOf, contents } from "./run-files.ts";

let place: Awaited<ReturnType<typeof scratch>>;
let run = "";

beforeAll(async () => {
  place = await scratch();
  run = place.path("run");
  await train("--steps", "5", "--out", run);
});
afterAll(() => place.remove());

/** What is said about a mistake: status 2, one line, no stack, nothing on standard output. */
function complaint({ status, out, err }: Finished): string {
  expect({ status, out, err }).toEqual({ status: 2, out: "", err: expect.stringMatching(/^[^\n]+\n$/) });
  return err.trimEnd();
}

/** The same where something was shown before: the last line. */
function lastComplaint({ status, out, err }: Finished): string {
  expect({ status, out }).toEqual({ status: 2, out: "" });
  expect(err).not.toMatch(/\n\s+at /);
  return err.trimEnd().split("\n").at(-1) ?? "";
}

const set = (setting: string) => ["train", twoModes, "--set", setting];
const train = async (...words: readonly string[]) => jsonOf(await armature("train", twoModes, "--json", ...words));

describe("a setting", () => {
  it.each([
    ["batch.sise=4", 'expected a key of the recipe, got an unknown one; did you mean "batch.size"?'],
    ["data.datasets.1.wight=4", 'got an unknown one; did you mean "data.datasets.1.weight"?'],
    ["batch=4", "expected a single value, got a group; its values are batch.size, batch.microBatch"],
    ["batch.size", 'expected KEY=VALUE, got "batch.size"'],
    ["batch.size=four", 'expected a number (the recipe has 4), got "four"'],
    ["batch.size=1.5", "batch.size: expected a whole number, got 1.5"],
    ["batch.size=0", "batch.size: expected a number above 0, got 0"],
    ["policy.size=huge", 'policy.size: expected "micro" or "mini" or "tiny" or "base" or an object, got "huge"'],
    ["policy.history.slots=0", "policy.history.slots: expected a number above 0, got 0"],
    ["optimizer.warmup=40", "optimizer.warmup: expected fewer than optimizer.steps (40), got 40"],
    ["policy.actionWidth=2", "arm / joint: action slots: the policy has 2, this needs 3; arm / ee:"],
    ["policy.stateWidth=2", "arm / joint: state slots: the policy has 2, this needs 3"],
    ["policy.promptTokens=5", 'dataset "arm" episode 0 frame 6: expected a prompt of at most 5 tokens, got 6: "point"'],
    ["optimizer.frozen.0=x", "--set optimizer.frozen.0: expected a key of the recipe"],
    ["device=cuda", "--device cuda: expected an NVIDIA GPU and the libraries of CUDA 13, got"],
  ])("%s is refused", async (setting, expected) => {
    const folder = setting.replaceAll(/\W/g, "-");
    expect(complaint(await armature(...set(setting), "--out", place.path(folder)))).toContain(expected);
    expect(await readdir(place.path("."))).not.toContain(folder);
  });
});

describe("a recipe file", () => {
  it.each([
    [
      "unknown.ts",
      (text: string) => text.replace("seed: 3,", "seed: 3, sead: 4,"),
      /unknown key "sead"; did you mean "seed"\?$/,
    ],
    [
      "type.ts",
      (text: string) => text.replace("warmup: 4", 'warmup: "4"'),
      /optimizer\.warmup: expected a number, got "4"$/,
    ],
    ["missing.ts", (text: string) => text.replace("seed: 3,", ""), /: seed: expected a number, got nothing$/],
    ["syntax.ts", () => "export const recipe = {", /: expected a recipe that loads, got SyntaxError/],
    ["export.ts", () => "export const rezept = {};", /: expected an export named "recipe", got rezept$/],
    [
      "width.ts",
      (text: string) => text.replace("...asFound, controlMode", '...asFound, robotType: "arm", controlMode'),
      /normalisation group "arm \/ ee": expected one action width, got "arm" has 3, "pusher" has 2; give them different robot types/,
    ],
  ])("%s is refused by name", async (name, change, expected) => {
    const path = place.path(name);
    const text = await readFile(twoModes, "utf8");
    await writeFile(path, change(text).replaceAll("../../src", join(import.meta.dirname, "../../src")));
    const said = complaint(await armature("train", path, "--out", place.path("none")));
    expect(said).toMatch(expected);
  });

  it("that is not there is looked for among its neighbours", async () => {
    const said = complaint(await armature("train", "recipes/real-mixtur.ts"));
    expect(said).toBe(
      'recipes/real-mixtur.ts: expected a recipe or a run, got nothing there; did you mean "recipes/real-mixture.ts"?',
    );
  });
});

describe("a run's folder", () => {
  it("that is taken stays as it is", async () => {
    const before = await contents(run);
    expect(complaint(await armature("train", twoModes, "--out", run))).toContain("continue the run with --resume");
    expectSameBits("run", await contents(run), before);
  });

  it("is not resumed where there is none, or under another recipe, which is named by its keys", async () => {
    const resume = (folder: string, ...words: readonly string[]) =>
      armature("train", twoModes, "--resume", "--out", folder, ...words);
    expect(complaint(await resume(place.path("nowhere")))).toMatch(/expected a run's folder, got nothing there$/);
    await mkdir(place.path("empty"));
    expect(complaint(await resume(place.path("empty")))).toMatch(
      /expected a run's folder, got one without recipe.json$/,
    );
    expect(complaint(await resume(run, "--set", "seed=9"))).toMatch(/with seed 3, got 9; begin a new run with --init$/);
    const both = await armature("train", twoModes, "--resume", "--init", run);
    expect(complaint(both)).toMatch(/^--resume --init: expected one of them/);
    const init = await armature("train", twoModes, "--init", place.path("nowhere"), "--out", place.path("none"));
    expect(complaint(init)).toMatch(/expected a run with a checkpoint, got none$/);
    expect(complaint(await armature("validate", place.path("empty")))).toContain("got one without recipe.json");
  });

  it("cannot be made inside a file", async () => {
    const inside = place.path("run/recipe.json/inside");
    const said = complaint(await armature("train", twoModes, "--out", inside));
    expect(said).toContain("expected a folder for the run that can be written, got a file at");
  });

  it("is not begun anew where every checkpoint is damaged", async () => {
    const broken = place.path("broken");
    await train("--steps", "3", "--out", broken);
    await writeFile(join(broken, "checkpoints/000003/ema.safetensors"), "short");
    const events = await readFile(join(broken, "events.jsonl"), "utf8");
    expect(complaint(await armature("train", twoModes, "--out", broken, "--resume"))).toMatch(
      /expected a whole checkpoint, got .*000003: ema.safetensors: expected \d+ bytes, got 5$/,
    );
    expect(await readFile(join(broken, "events.jsonl"), "utf8")).toBe(events);
  });

  it("goes on from the checkpoint before one with a wrong byte in it, when that is moved away", async () => {
    const bitten = place.path("bitten");
    const resume = () => armature("train", twoModes, "--out", bitten, "--resume", "--steps", "12");
    await train("--steps", "10", "--out", bitten);
    const newest = join(bitten, "checkpoints/000010");
    const path = join(newest, "optimizer.safetensors");
    const bytes = await readFile(path);
    bytes[bytes.length - 100]! ^= 1;
    await writeFile(path, bytes);
    const events = await readFile(join(bitten, "events.jsonl"), "utf8");
    expect(complaint(await resume())).toMatch(
      /000010\/optimizer.safetensors: expected sha256 .*; the file is damaged: move .*000010 away to use the checkpoint before it$/,
    );
    expect(await readFile(join(bitten, "events.jsonl"), "utf8")).toBe(events);
    await rename(newest, place.path("moved-away"));
    expect((await resume()).status).toBe(0);
    await train("--steps", "12", "--out", place.path("whole"));
    const [{ events: _, ...files }, { events: __, ...whole }] = [
      await contents(bitten),
      await contents(place.path("whole")),
    ];
    expectSameBits("run", files, whole);
  });

  it("keeps its last checkpoint when the disk is full in the middle of the next, and goes on when there is room", async () => {
    const full = place.path("full");
    const words = ["train", twoModes, "--out", full, "--steps", "10"];
    await train("--steps", "5", "--out", full);
    // Of the files of a checkpoint only the optimizer's, some 340 KiB, do not fit.
    const said = lastComplaint(await armatureWithin(300, ...words, "--resume"));
    expect(said).toContain("checkpoints/000010: expected room for a checkpoint, got a full disk");
    expect(await checkpointsOf(full)).toEqual(["000005"]);
    expect((await armature(...words, "--resume")).status).toBe(0);
    await train("--steps", "10", "--out", place.path("roomy"));
    expectSameBits("run", await contents(full), await contents(place.path("roomy")));
  });

  it("holds nothing half written where there is no room from the beginning", async () => {
    const said = complaint(await armatureWithin(1, "train", twoModes, "--out", place.path("tight")));
    expect(said).toMatch(/recipe.json: expected room for it, got a full disk; free some$/);
    expect(await readdir(place.path("tight"))).toEqual([]);
  });
});

describe("a loss that is no number", () => {
  it("ends the run with the step and its samples, and leaves the last good checkpoint", async () => {
    const lost = place.path("lost");
    const wild = ["optimizer.peak=1e30", "optimizer.clip=1e30", "checkpoint.everySteps=1", "validation.everySteps=0"];
    const words = wild.flatMap((setting) => ["--set", setting]);
    const said = lastComplaint(await armature("train", twoModes, "--out", lost, ...words));
    expect(said).toMatch(
      /^train: step 2: expected a finite loss, got NaN on (arm|pusher) \d:\d+(, (arm|pusher) \d:\d+){3}; checkpoints before it are whole; lower/,
    );
    expect(await checkpointsOf(lost)).toEqual(["000001"]);
    expect((await readEvents(lost)).map(({ kind, step }) => `${kind} ${step}`)).toEqual(["step 1"]);
  });

  it("is no loss of a validation either", async () => {
    const words = ["optimizer.peak=1e30", "optimizer.clip=1e30"].flatMap((setting) => ["--set", setting]);
    const wild = await armature("train", twoModes, "--out", place.path("wild"), "--steps", "1", ...words);
    expect(lastComplaint(wild)).toMatch(
      /^validation at step 1: expected finite losses, got NaN for arm \/ joint, NaN for/,
    );
    expect(await checkpointsOf(place.path("wild"))).toEqual([]);
  });
});
