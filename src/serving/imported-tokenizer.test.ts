import { existsSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { smallVocabulary, writeSmallTokenizer } from "../codec/testing/small-tokenizer.ts";
import { InputError } from "../input-error.ts";
import { readRunRecipe } from "../recipe/file.ts";
import { tokenizerOf } from "../recipe/tokenizer.ts";
import { importFolder } from "../training/testing/imported-run.ts";
import { loadPolicy } from "./load.ts";

const origin = join(import.meta.dirname, "../../test/parity/released/pi0");
let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "armature-imported-words-"));
});
afterAll(() => rm(root, { recursive: true }));

describe("a tokenizer that weights are imported with", () => {
  it("stands in the run, which is whole without the folder that it came from, wherever it goes", async () => {
    const tokenizer = join(root, "words");
    writeSmallTokenizer(tokenizer, []);
    const run = await importFolder(origin, origin, undefined, { tokenizer, actionTokenizer: null });
    expect(run.imported.notes).toEqual([
      `${tokenizer}/tokenizer.json: ${smallVocabulary.length} tokens, and the weights know 96: it may be that of another model`,
    ]);
    await rm(tokenizer, { recursive: true });
    const moved = join(root, "moved");
    await rename(run.folder, moved);
    const policy = await loadPolicy(moved, { robots: 1, machine: "as trained" });
    const [robot] = policy.robots;
    const session = policy.session(robot!, { seed: 1 });
    const pictures = Object.fromEntries(robot!.embodiment.cameras.map(({ view }) => [view, null]));
    session.see({ state: robot!.embodiment.states.map(() => 0), pictures });
    const { prompt } = policy.perceive([session.ask("pick")]);
    // A token that begins and "pick"; what stands for the newline is unknown to these words.
    expect([...prompt.read(({ cells }) => cells)].slice(0, 3)).toEqual([1, 10, 2]);
    policy.release();
    expect(tokenizerOf(await readRunRecipe(moved)).name).toBe(join(moved, "tokenizer/tokenizer.json"));
    await run.remove();
  });

  it("is refused where it has tokens that the weights do not know", async () => {
    const tokenizer = join(root, "wide-words");
    const most = 96;
    writeSmallTokenizer(
      tokenizer,
      Array.from({ length: most }, (_, at) => `word${at}`),
    );
    const folder = join(root, "wide-run");
    const importing = importFolder(origin, origin, folder, { tokenizer, actionTokenizer: null });
    await expect(importing).rejects.toThrow(InputError);
    await expect(importing).rejects.toThrow(
      `policy.tokenizer: expected at most ${most} tokens, as policy.vocabulary says, got ${most + smallVocabulary.length} in ${tokenizer}`,
    );
    expect(existsSync(folder)).toBe(false);
  });
});
