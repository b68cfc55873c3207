import { readFile, writeFile } from "node:fs/promises";
import { z } from "zod";
import { recipeOf } from "../src/command/train.ts";
import { zeros } from "../src/graph/host-array.ts";
import { initialValues } from "../src/nn/parameter.ts";
import { gradientPrefix, recomputes, traceObjectives } from "../src/objective/objective.ts";
import { onlyInputs } from "../src/objective/only-inputs.ts";
import { errorsOutput } from "../src/objective/traced.ts";
import { Packed } from "../src/optimizer/packed.ts";
import { ownRecipe } from "../src/own-package.ts";
import { settingOf } from "../src/recipe/plan.ts";
import { trainedBy } from "../src/training/begin.ts";
import { GradientProgram } from "../src/training/global-gradient.ts";
import { Rules } from "../src/validity/rules.ts";
import { completeFeeds } from "./padding.ts";

/**
 * Gradients of one micro-batch in a process of its own, so that its memory can be measured: one line of JSON.
 *
 *     node bench/recompute-process.ts nothing|blocks ROUNDS THREADS [KEY=VALUE]…
 */
const [kept = "", rounds = "", threads = "", ...settings] = process.argv.slice(2);
const recipe = await recipeOf(ownRecipe("real-mixture"), settings);
const setting = settingOf({ recipe, rules: Rules.all }, recipe.batch.microBatch);
const { parameters } = traceObjectives(setting);
const isTrained = trainedBy(recipe, parameters);
const { program, objectives, trained } = await GradientProgram.compile({
  setting,
  trains: (name) => isTrained.has(name),
  frozen: new Map(),
  recompute: z.enum(recomputes).parse(kept),
  machine: { device: "cpu", threads: Number(threads) },
});
const gradient = Packed.zeros(trained);
const fetches = new Map([
  ...[...gradient].map(([name, array]) => [`${gradientPrefix}${name}`, array] as const),
  ...objectives.errors.map(({ name, sums }) => [errorsOutput(name), zeros(sums.axes, sums.shape, "float32")] as const),
]);
const feeds = onlyInputs(program, new Map([...completeFeeds(recipe), ...initialValues(parameters, recipe.seed)]));
await writeFile("/proc/self/clear_refs", "5");
const begunMib = await memoryMib("VmRSS");
const processorMs: number[] = [];
for (let round = 0; round < Number(rounds); round++) {
  const begun = process.cpuUsage();
  await program.run(feeds, fetches);
  const { user, system } = process.cpuUsage(begun);
  processorMs.push((user + system) / 1000);
}
const grownMib = (await memoryMib("VmHWM")) - begunMib;
process.stdout.write(`${JSON.stringify({ processorMs, grownMib })}\n`);

/** Memory of this process now (`VmRSS`), or at most since `clear_refs` was written (`VmHWM`). */
async function memoryMib(what: "VmRSS" | "VmHWM"): Promise<number> {
  const status = await readFile("/proc/self/status", "utf8");
  return Number(new RegExp(`^${what}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) / 1024;
}
