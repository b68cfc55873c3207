import { define } from "./definition.ts";
import { count, otherwise, text } from "./parameter.ts";
import { loadTool } from "./tool.ts";

/** Which guards are to be taken away, and how many side by side. */
export interface MutateRequest {
  readonly path: string | undefined;
  readonly jobs: number;
}

export const mutate = define({
  name: "mutate",
  summary: "take away each guard of the code in turn; a test has to fail for each",
  arguments: { path: otherwise(text("path", "only guards at or below this folder or file"), undefined) },
  options: { jobs: otherwise(count("n", "guards that are tried side by side, each in a copy of the tree"), 2) },
  examples: [
    {
      line: "mutate",
      shows: "every selection, key mask, count and check of conventions; about twenty minutes on two cores",
    },
    { line: "mutate src/flow", shows: "the guards of one folder; half a minute" },
  ],
  async run(given, terminal) {
    const tool = await loadTool<MutateRequest>("../../tools/mutate/run.ts", "mutate");
    return await tool.run(given, terminal);
  },
});
