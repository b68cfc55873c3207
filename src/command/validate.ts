import { join, resolve } from "node:path";
import { define } from "./definition.ts";
import { choice, otherwise, repeated, text } from "./parameter.ts";
import { Progress } from "./progress.ts";
import { root } from "./root.ts";
import { validationTable } from "./validation-table.ts";

export const validate = define({
  name: "validate",
  summary: "losses of a run's newest checkpoint on held-out episodes, by dataset and control mode",
  arguments: { run: text("run", "folder of a run") },
  options: {
    set: otherwise(repeated(text("key=value", "replace one value of the run's recipe")), []),
    device: otherwise(choice("device", "where the program runs", ["cpu", "cuda", "webgpu"]), null),
  },
  examples: [
    { line: "validate runs/real-mixture-20260131-120000", shows: "the table that training printed at that step" },
    { line: "validate runs/wide --json --set batch.size=8", shows: "the same numbers, to the bit" },
  ],
  async run(given, terminal) {
    const { validateRun } = await import("../training/validate-run.ts");
    const { recipeOf, settingsOf } = await import("./train.ts");
    const folder = resolve(given.run);
    const recipe = await recipeOf(folder, settingsOf(given));
    const began = performance.now();
    let bar: Progress | null = null;
    const result = await validateRun({ folder, recipe, cache: join(root, ".cache", "statistics") }, (done, total) => {
      bar ??= new Progress({
        screen: terminal.err,
        label: "validate",
        unit: "sample",
        total,
        done: 0,
        now: () => performance.now(),
      });
      bar.update(done, {});
      if (done === total) bar.finish();
    });
    const { step, validation } = result;
    const seconds = (performance.now() - began) / 1000;
    return {
      status: 0,
      json: { step, ranks: 1, seconds, ...validation },
      text: `step ${step}\n${validationTable(validation)}`,
    };
  },
});
