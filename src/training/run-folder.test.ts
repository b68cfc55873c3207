import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { InputError } from "../input-error.ts";
import { writeRunRecipe } from "../recipe/file.ts";
import { checkRunIsOpen, createRunFolder, newestRun, runName } from "./run-folder.ts";

let runs = "";
beforeEach(() => {
  runs = mkdtempSync(join(tmpdir(), "armature-runs-"));
});
afterEach(() => rmSync(runs, { recursive: true }));

describe("a run's folder", () => {
  it("is named for its recipe and the moment it began", () => {
    expect(runName("real-mixture", new Date(2026, 0, 2, 3, 4, 5))).toBe("real-mixture-20260102-030405");
    expect(runName("pusht", new Date(2026, 11, 31, 23, 59, 59))).toBe("pusht-20261231-235959");
  });

  it("may be new, nested or empty", async () => {
    for (const folder of [join(runs, "a", "b"), join(runs, "a", "b"), join(runs, "c")]) {
      await createRunFolder(folder);
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  it.skipIf(process.getuid?.() === 0)("is refused where it is closed to the user, new or to go on with", async () => {
    const closed = join(runs, "closed");
    await createRunFolder(closed);
    await chmod(closed, 0o555);
    await expect(createRunFolder(join(closed, "new"))).rejects.toThrow(
      /can be written, got EACCES.*; give another --out$/,
    );
    await expect(checkRunIsOpen(closed)).rejects.toThrow(
      `${closed}: expected a folder that can be written, got EACCES`,
    );
    await checkRunIsOpen(runs);
  });

  it("is open where its checkpoints are still to be made, and is not where the system refuses it for another reason", async () => {
    await checkRunIsOpen(runs);
    // Also refused to the superuser, to whom no folder is closed.
    const long = join(runs, "x".repeat(300));
    await expect(checkRunIsOpen(long)).rejects.toThrow(
      `${long}: expected a folder that can be written, got ENAMETOOLONG`,
    );
  });

  it("is refused where something stands in it, or where it is a file", async () => {
    await writeRunRecipe(runs, { seed: 7 });
    const refused = createRunFolder(runs);
    await expect(refused).rejects.toBeInstanceOf(InputError);
    await expect(refused).rejects.toThrow(
      /got one with recipe.json; continue the run with --resume, or give another --out/,
    );
    for (const file of [["recipe.json"], ["recipe.json", "b"], ["recipe.json", "b", "c"]])
      await expect(createRunFolder(join(runs, ...file))).rejects.toThrow(
        `expected a folder for the run that can be written, got a file at ${join(runs, "recipe.json")}; give another --out`,
      );
  });

  it("holds the resolved recipe and nothing unfinished", async () => {
    writeFileSync(join(runs, "recipe.json.partial"), "torn by a killed process");
    await writeRunRecipe(runs, { name: "pusht", batch: { size: 4 } });
    expect(JSON.parse(readFileSync(join(runs, "recipe.json"), "utf8"))).toEqual({ name: "pusht", batch: { size: 4 } });
    expect(readdirSync(runs)).toEqual(["recipe.json"]);
  });

  it("is found again as the newest of its recipe, and of no other", async () => {
    expect(await newestRun(runs, "mixture")).toBeNull();
    expect(await newestRun(join(runs, "nowhere"), "mixture")).toBeNull();
    // A folder that cannot be looked into is another thing than none.
    await expect(newestRun(join(runs, "x".repeat(300)), "mixture")).rejects.toThrow("ENAMETOOLONG");
    const names = ["mixture-20260102-030405", "mixture-20251231-235959", "mixture-b-20270101-000000", "mixture-old"];
    for (const name of names) mkdirSync(join(runs, name));
    expect(await newestRun(runs, "mixture")).toBe(join(runs, "mixture-20260102-030405"));
    expect(await newestRun(runs, "mixture-b")).toBe(join(runs, "mixture-b-20270101-000000"));
  });
});
