import { InputError } from "../input-error.ts";
import { define } from "./definition.ts";
import { count, natural, otherwise, text } from "./parameter.ts";
import { loadTool } from "./tool.ts";

/** Which mutants are to be tried, and for how long. */
export interface StrykerRequest {
  readonly folders: readonly string[] | undefined;
  readonly percent: number;
  readonly seed: number;
  readonly minutes: number;
  readonly results: string;
}

export const stryker = define({
  name: "stryker",
  summary: "change operators, conditions and blocks of the arithmetic, by StrykerJS; a test has to fail for each",
  arguments: {},
  options: {
    folder: otherwise(
      text("names", "folders of src/, with commas between them; otherwise every folder of the arithmetic"),
      "",
    ),
    percent: otherwise(count("p", "share of each folder's mutants that is drawn"), 100),
    seed: otherwise(natural("n", "another seed draws other mutants"), 1),
    minutes: otherwise(count("m", "after which it stops; the same call again goes on from there"), 60),
    results: otherwise(text("file", "one line per mutant that was tried, appended to"), "runs/mutation/results.jsonl"),
  },
  examples: [
    { line: "stryker --folder flow", shows: "all mutants of src/flow, by the tests beside it; two minutes" },
    {
      line: "stryker --percent 25 --minutes 30",
      shows: "a quarter of all mutants; again, and it goes on where it stopped",
    },
    { line: "stryker --percent 25 --seed 2", shows: "another quarter" },
  ],
  async run({ folder, ...given }, terminal) {
    if (given.percent > 100) throw new InputError(`stryker --percent: expected 1 to 100, got ${given.percent}`);
    const tool = await loadTool<StrykerRequest>("../../tools/stryker/run.ts", "stryker");
    const folders = folder === "" ? undefined : folder.split(",");
    return await tool.run({ ...given, folders }, terminal);
  },
});
