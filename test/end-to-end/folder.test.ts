import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadLibav } from "../../src/dataset/libav.ts";
import { armature, isRecord, jsonOf, scratch } from "./command.ts";

const hasLibav = (await loadLibav()) !== null;

describe.skipIf(!hasLibav)("from a folder to a run, nothing edited", () => {
  let place: Awaited<ReturnType<typeof scratch>>;
  beforeAll(async () => {
    place = await scratch();
    for (const robot of ["reacher", "arm"]) {
      const words = [
        "--robot",
        robot,
        "--episodes",
        "2",
        "--out",
        place.path(robot),
        "--set",
        "imageSize=16",
        "--json",
      ];
      jsonOf(await armature("record", ...words));
    }
  });
  afterAll(() => place.remove());

  const steps = ["--steps", "2", "--set", "batch.size=4", "--set", "batch.microBatch=4", "--json"];

  it("a recipe is written, says what was guessed, trains, and its run passes the audit", async () => {
    const file = place.path("own.ts");
    const words = [place.path("reacher"), place.path("arm"), "--size", "micro", "--out", file];
    const { views } = jsonOf(await armature("recipe", ...words, "--json"));
    expect(views).toEqual([
      { view: "base", cameras: { reacher: "observation.images.top", arm: "observation.images.front" } },
      { view: "wrist", cameras: { arm: "observation.images.wrist" } },
    ]);
    expect(await readFile(file, "utf8")).toContain('// from the names of the dofs, such as "shoulder"\n');
    expect((await armature("recipe", ...words)).err).toContain(
      "expected a new file for the recipe, got one that is there",
    );
    const { step } = jsonOf(await armature("train", file, "--out", place.path("run"), ...steps));
    expect(step).toBe(2);
    const { clean } = jsonOf(await armature("audit", place.path("run"), "--batches", "1", "--json"));
    expect(clean).toBe(true);
  });

  it("train does the same in one go, and the run keeps a recipe that says the same", async () => {
    const run = place.path("one-go");
    const words = [place.path("reacher"), "--policy", "groot_n16", "--size", "micro", "--out", run];
    expect(jsonOf(await armature("train", ...words, ...steps)).step).toBe(2);
    const again = place.path("again");
    jsonOf(await armature("train", `${run}/recipe.ts`, "--out", again, "--steps", "1", "--json"));
    const [own, other] = await Promise.all([run, again].map((each) => readFile(`${each}/recipe.json`, "utf8")));
    expect(other).toBe(own);
    const kept: unknown = JSON.parse(own ?? "");
    expect(isRecord(kept) && isRecord(kept.policy) && kept.policy.variant).toBe("groot_n16");
  });

  it.each([
    [["reacher", "own.ts"], [], "expected one recipe or run, or datasets alone (folders with meta/info.json), got "],
    [["reacher"], ["--resume"], "--resume: expected the folder of the run to continue, got datasets"],
  ])("%s %s is refused", async (subjects, options, message) => {
    const { status, err } = await armature("train", ...subjects.map((each) => place.path(each)), ...options);
    expect({ status, err }).toEqual({ status: 2, err: expect.stringContaining(message) });
  });

  it("--policy with a recipe is refused with what to write", async () => {
    const { status, err } = await armature("train", "recipes/demo.ts", "--policy", "pi0");
    expect({ status, err }).toEqual({
      status: 2,
      err: "--policy: expected datasets with it, got a recipe; write --set policy.variant=pi0\n",
    });
  });
});
