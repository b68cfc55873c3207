import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { rulesFor, safetyGiven } from "./serve-rules.ts";

const plain = { limits: "clamp", limitsFrom: "extremes", widen: 0, limitsFile: null, largestStep: null } as const;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "armature-rules-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The path of a file with a text. */
async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

it("says which file of limits or steps is not there, is no JSON, or is of another form", async () => {
  const asked = async (changes: Partial<Parameters<typeof safetyGiven>[0]>) =>
    rulesFor(await safetyGiven({ ...plain, ...changes }), []);
  await expect(asked({ limitsFile: join(folder, "none") })).rejects.toThrow(
    /^--limits-file: expected a JSON file of dofs/,
  );
  await expect(asked({ largestStep: "0" })).rejects.toThrow(/^--largest-step: expected a JSON file of dofs, got "0"/);
  await expect(asked({ limitsFile: await file("text", "elbow") })).rejects.toThrow(
    /expected JSON with a value for each/,
  );
  await expect(asked({ limitsFile: await file("turned", '{"elbow": [1, -1]}') })).rejects.toThrow(/lower end first/);
  await expect(asked({ largestStep: await file("still", '{"elbow": 0}') })).rejects.toThrow(
    /elbow: expected a number above 0/,
  );
  await expect(asked({ limitsFile: await file("right", '{"elbow": [-1, 1]}') })).rejects.toThrow(
    /^--limits-file: expected dofs of the policy's robots \(\), got "elbow"/,
  );
  await expect(asked({ largestStep: "0.25" })).resolves.toBeTypeOf("function");
});
