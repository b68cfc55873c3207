import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { VariantName } from "../../../src/policy/variant.ts";
import { resumedFrom, settingsOf, recipe as source, steps } from "./design.ts";
import { armature, armatureOnTwoRanks, expected } from "./product.ts";
import type { Line } from "./table.ts";

const losses = z.object({ velocity: z.number().nullable(), tokens: z.number().nullable() });
const eventSchema = z.object({
  kind: z.string(),
  step: z.number().optional(),
  groups: z.array(z.object({ dataset: z.string(), loss: z.number() })).optional(),
  aggregate: losses.optional(),
});
const validatedSchema = z.object({
  // A policy that says its actions may not have learnt yet to say a whole chunk of them.
  actionErrors: z.array(z.object({ meanAbsoluteError: z.number().nullable() })),
});

/**
 * One variant, by the product's commands: 200 steps; the second half once more on two ranks, from the checkpoint of the first;
 * validation with sampled actions; the audit of what was trained.
 *
 * @param home folder of the variant's runs, made anew
 */
export async function work(variant: VariantName, home: string, say: (what: string) => void): Promise<Line> {
  const begun = performance.now();
  const [whole, resumed] = [join(home, "whole"), join(home, "resumed")];
  await rm(home, { recursive: true, force: true });
  expected(await armature(["train", source, ...settingsOf(variant), "--steps", `${steps}`, "--out", whole, "--json"]));
  say("is trained");
  await copyToHalf(whole, resumed);
  expected(await armatureOnTwoRanks(["train", resumed, "--resume", "--steps", `${steps}`, "--json"]));
  say("went on from its half on two ranks");
  const validated = expected(await armature(["validate", whole, "--action-samples", "8", "--json"]));
  const { actionErrors } = validatedSchema.parse(JSON.parse(validated));
  const audit = await armature(["audit", whole, "--json"]);
  return {
    variant,
    ...(await lossesOf(whole)),
    sampledDofs: actionErrors.filter(({ meanAbsoluteError }) => meanAbsoluteError !== null).length,
    filesThatDiffer: await filesThatDiffer(lastOf(whole), lastOf(resumed)),
    auditClean: audit.status === 0,
    seconds: Math.round((performance.now() - begun) / 1000),
  };
}

const checkpointOf = (run: string, step: number) => join(run, "checkpoints", `${step}`.padStart(6, "0"));
const lastOf = (run: string) => checkpointOf(run, steps);

/** A run as it stood at its half, with its later checkpoint gone. */
async function copyToHalf(whole: string, half: string): Promise<void> {
  await mkdir(half, { recursive: true });
  await cp(whole, half, { recursive: true });
  await rm(checkpointOf(half, steps), { recursive: true });
  await readdir(checkpointOf(half, resumedFrom));
}

/** Names of a checkpoint's files of weights that another checkpoint has otherwise. */
async function filesThatDiffer(one: string, other: string): Promise<string[]> {
  const names = (await readdir(one)).filter((name) => name.endsWith(".safetensors"));
  const hash = async (path: string) =>
    createHash("sha256")
      .update(await readFile(path))
      .digest("hex");
  const equal = await Promise.all(
    names.map(async (name) => (await hash(join(one, name))) === (await hash(join(other, name)))),
  );
  return names.filter((_, at) => !equal[at]);
}

async function lossesOf(run: string): Promise<Pick<Line, "before" | "after" | "robots" | "robotsBetter">> {
  const text = await readFile(join(run, "events.jsonl"), "utf8");
  const events = text
    .trim()
    .split("\n")
    .map((line) => eventSchema.parse(JSON.parse(line)));
  const validations = events.filter(({ kind }) => kind === "validation");
  const [first, last] = [validations[0]!, validations.at(-1)!];
  const lossAtFirst = new Map(first.groups!.map(({ dataset, loss }) => [dataset, loss]));
  return {
    before: losses.parse(first.aggregate),
    after: losses.parse(last.aggregate),
    robots: last.groups!.length,
    robotsBetter: last.groups!.filter(({ dataset, loss }) => loss < lossAtFirst.get(dataset)!).length,
  };
}
