import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aloneWorld } from "../ranks/open-world.ts";
import { awkwardRecipe } from "../recipe/testing/awkward-recipe.ts";
import type { ObserverKind } from "../training/observer.ts";
import { trainPolicy } from "../training/train.ts";
import { unwatched } from "../training/watcher.ts";
import { Rules } from "../validity/rules.ts";
import { auditObserver } from "./observer.ts";

describe("an audit inside training", () => {
  let place = "";
  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), "armature-step-audit-"));
  });
  afterAll(() => rm(place, { recursive: true }));

  async function events(name: string, observers: readonly ObserverKind[]) {
    const folder = join(place, name);
    const recipe = { ...awkwardRecipe, audit: { everySteps: 2 } };
    const request = {
      recipe,
      folder,
      start: { kind: "new" },
      until: 3,
      cache: place,
      world: await aloneWorld(),
    } as const;
    const error = await trainPolicy(request, { ...unwatched, observers }).then(
      () => null,
      (thrown: unknown) => String(thrown),
    );
    const text = await readFile(join(folder, "events.jsonl"), "utf8").catch(() => "");
    const lines = text.split("\n").filter((line) => line !== "");
    const found: { kind: string; step: number; clean?: boolean; rows?: Record<string, unknown>[] }[] = lines.map(
      (line) => JSON.parse(line),
    );
    return {
      error,
      kinds: found.map(({ kind, step }) => `${kind} ${step}`),
      audit: found.find(({ kind }) => kind === "audit"),
    };
  }

  it("looks at every so many steps, and changes none of them", async () => {
    const { error, kinds, audit } = await events("clean", [auditObserver(place)]);
    expect(error).toBeNull();
    expect(kinds).toEqual(["validation 0", "step 1", "step 2", "validation 2", "audit 2", "step 3", "validation 3"]);
    expect(audit).toMatchObject({ clean: true, leaks: [], laws: { poison: "clean", horizon: "clean" } });
    expect(audit?.rows?.find(({ padding }) => padding === "views")).toMatchObject({ loss: "clean", hint: "known" });
  });

  it("stops where something leaks, and says what and where", async () => {
    const rules = Rules.without("view-keys");
    const own = auditObserver(place);
    const breaking: ObserverKind = { ...own, open: (plan, world) => own.open({ ...plan, rules }, world) };
    const { error, kinds, audit } = await events("leaking", [breaking]);
    expect(error).toMatch(/^InputError: train: step 2: padding leaks: views reach loss at policy\/trunk\.ts: /);
    expect(kinds).toEqual(["validation 0", "step 1", "step 2", "validation 2", "audit 2"]);
    expect(audit).toMatchObject({ clean: false, laws: { split: "clean" } });
    const where = expect.stringMatching(/^policy\/trunk\.ts: /);
    expect(audit?.rows?.find(({ padding }) => padding === "views")).toMatchObject({ loss: { where, isServed: false } });
  });

  it("is refused where nobody brings one, before anything is begun", async () => {
    const { error, kinds } = await events("refused", []);
    expect(kinds).toEqual([]);
    expect(error).toMatch(/^InputError: audit\.everySteps: expected 0/);
  });
});
