import { define } from "./definition.ts";
import { loadTool } from "./tool.ts";

/** The whole repository is checked, so that there is nothing to say. */
export type CheckRequest = Readonly<Record<never, never>>;

export const check = define({
  name: "check",
  summary: "check types, lint, format, import directions and circles, sizes of files and the lock file",
  arguments: {},
  options: {},
  examples: [{ line: "check", shows: "what is wrong, part by part; exit status 1 if anything is" }],
  async run(given, terminal) {
    const tool = await loadTool<CheckRequest>("../../tools/check/run.ts", "check");
    return await tool.run(given, terminal);
  },
});
