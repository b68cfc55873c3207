import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { cacheFolder } from "../cache-folder.ts";
import { ruleNames } from "../validity/rules.ts";
import { allow } from "./allow.ts";
import { define } from "./definition.ts";
import { deviceOption } from "./device.ts";
import { choice, count, otherwise, repeated, text } from "./parameter.ts";
import { Progress } from "./progress.ts";

export const audit = define({
  name: "audit",
  summary: "prove on your own data that padding reaches no loss, gradient, action or metric",
  arguments: {
    subject: text("recipe|run", "a file that exports `recipe`, or folder of a run or one of its checkpoints"),
  },
  options: {
    break: otherwise(choice("rule", "switch one rule off; the audit has to find it", ruleNames), null),
    batches: otherwise(count("n", "micro-batches of training samples, and as many of held-out ones"), 4),
    set: otherwise(repeated(text("key=value", "replace one value of the recipe")), []),
    device: deviceOption,
    html: otherwise(text("file", "write what is found as a page that opens from the disk"), null),
    allow,
  },
  examples: [
    { line: "audit recipes/real-mixture.ts", shows: "the five laws on four real robots" },
    { line: "audit recipes/real-mixture.ts --break input-side", shows: "that the audit finds a rule that is off" },
    { line: "audit runs/wide --json", shows: "the same on what a run has trained" },
    { line: "audit runs/wide --html audit.html", shows: "the same as a page, to keep or to send" },
  ],
  async run(given, terminal) {
    const { auditRecipe } = await import("../audit/audit-recipe.ts");
    const { auditTable } = await import("./audit-table.ts");
    const { recipeOf, settingsOf } = await import("./train.ts");
    const { auditPage } = await import("./audit-page.ts");
    const told = () => void terminal.err.write("building the page (once)\n");
    const page =
      given.html === null ? null : await auditPage(given.html, { subject: given.subject, broken: given.break }, told);
    const recipe = await recipeOf(given.subject, settingsOf(given));
    const isRun = (await stat(given.subject)).isDirectory();
    let bar: Progress | null = null;
    const report = await auditRecipe(
      {
        recipe,
        run: isRun ? resolve(given.subject) : null,
        broken: given.break,
        allowed: new Set(given.allow),
        batches: given.batches,
        cache: cacheFolder("statistics"),
      },
      (done, total) => {
        bar ??= new Progress({
          screen: terminal.err,
          label: "audit",
          unit: "comparison",
          total,
          done: 0,
          now: () => performance.now(),
        });
        bar.update(done, {});
        if (done === total) bar.finish();
      },
    );
    for (const note of report.notes) terminal.err.write(`${note}\n`);
    await page?.(report);
    return { status: report.clean ? 0 : 1, json: report, text: auditTable(report, given.break) };
  },
});
