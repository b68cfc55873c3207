import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../input-error.ts";
import { awkwardRecipe } from "../recipe/testing/awkward-recipe.ts";
import { type MicroRun, trainMicroRun } from "../training/testing/micro-run.ts";
import { loadPolicy } from "./load.ts";

let run: MicroRun;
let file = "";
let manifest = "";
beforeAll(async () => {
  run = await trainMicroRun(awkwardRecipe, 1);
  file = join(run.folder, "checkpoints/000001/manifest.json");
  manifest = await readFile(file, "utf8");
});
afterAll(() => run.remove());

/** What becomes of loading where the manifest says something else. */
async function loading(change: (said: Said) => object): Promise<unknown> {
  await writeFile(file, JSON.stringify(change(JSON.parse(manifest))));
  return loadPolicy(run.folder, { robots: 1, machine: "as trained" }).catch((error: unknown) => error);
}

interface Said {
  readonly conventions: object;
  readonly recipe: { readonly policy: object };
}

describe("a policy is not served", () => {
  it("under other conventions than its weights were trained under", async () => {
    const found = await loading(({ conventions, ...rest }) => {
      return { ...rest, conventions: { ...conventions, actionSight: "both" } };
    });
    expect(found).toBeInstanceOf(InputError);
    expect(String(found)).toMatch(/expected weights trained under actionSight "causal" \(trained under "both"\)/);
  });

  it("with parameters of another policy than its recipe makes", async () => {
    const found = await loading(({ recipe, ...rest }) => {
      return { ...rest, recipe: { ...recipe, policy: { ...recipe.policy, actionWidth: 10 } } };
    });
    expect(found).toBeInstanceOf(InputError);
    expect(String(found)).toMatch(/000001: expected the policy's own parameters, got .* of another shape: /);
  });
});
