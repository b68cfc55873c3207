import { existsSync } from "node:fs";
import { cp, mkdtemp, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportWeights } from "./export.ts";
import { importWeights } from "./import.ts";
import { root } from "./root.ts";
import { called } from "./testing/called.ts";

const armature = (...words: readonly string[]) => called([importWeights, exportWeights], words);

const released = join(root, "test/parity/released");
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "armature-import-command-"));
});
afterAll(() => rm(folder, { recursive: true }));

const mistakes: readonly (readonly [what: string, change: (path: string) => Promise<void>, line: string])[] = [
  ["nothing", (path) => rm(path, { recursive: true }), "expected a folder with weights, got none"],
  [
    "a file",
    async (path) => {
      await rm(path, { recursive: true });
      await writeFile(path, "weights");
    },
    "expected a folder with weights, got a file in place of a folder",
  ],
  [
    "pickles",
    (path) => rename(join(path, "model.safetensors"), join(path, "model.pt")),
    "model.pt: expected weights in safetensors, got Python pickles",
  ],
  ["a file that is cut off", (path) => truncate(join(path, "model.safetensors"), 9_000), "the file is truncated"],
  [
    "the weights of another policy",
    (path) => cp(join(released, "pi05/model.safetensors"), join(path, "model.safetensors")),
    "got none of that name",
  ],
  [
    "the statistics of another robot",
    (path) => {
      const file = "policy_preprocessor_step_5_normalizer_processor.safetensors";
      return cp(
        join(released, "pi0_fast/policy_preprocessor_step_3_normalizer_processor.safetensors"),
        join(path, file),
      );
    },
    'expected 6 numbers of "max", as its policy has, got 4',
  ],
];

describe("armature import", () => {
  it.each(mistakes)("of %s is a wrong call: one line, and no run", async (what, change, line) => {
    const path = join(folder, what.replaceAll(" ", "-"));
    await cp(join(released, "smolvla"), path, { recursive: true });
    await change(path);
    const { status, out, err } = await armature("import", path, "--out", join(folder, "run"), "--json");
    expect({ status, out }).toEqual({ status: 2, out: "" });
    expect(err).toContain(line);
    expect(err.trimEnd()).not.toContain("\n");
    expect(existsSync(join(folder, "run"))).toBe(false);
  });
});

describe("armature export", () => {
  it("goes to one place", async () => {
    const both = await armature("export", folder, "--onnx", "a", "--lerobot", "b");
    expect(both).toEqual({
      status: 2,
      out: "",
      err: "export: expected one of --onnx FILE, --lerobot FOLDER and --tensorboard FOLDER, got 2\n",
    });
    const neither = await armature("export", folder);
    expect(neither.err).toBe(
      "export: expected one of --onnx FILE, --lerobot FOLDER and --tensorboard FOLDER, got none\n",
    );
  });

  it("writes what was imported: a folder, and a file whose inputs it lists", async () => {
    const imported = join(folder, "imported");
    expect((await armature("import", join(released, "smolvla"), "--out", imported)).status).toBe(0);
    const back = await armature("export", imported, "--lerobot", join(folder, "back"), "--json");
    expect(JSON.parse(back.out)).toMatchObject({ folder: join(folder, "back"), step: 0, notes: [] });
    const { status, out } = await armature("export", imported, "--onnx", join(folder, "deep/smolvla.onnx"));
    expect(status).toBe(0);
    expect(out.split("\n").slice(1, 3)).toEqual(["  state  float32 [1, 1, 6]", "  image.top  uint8 [1, 1, 16, 16, 3]"]);
    expect(existsSync(join(folder, "deep/smolvla.onnx"))).toBe(true);
  });
});
