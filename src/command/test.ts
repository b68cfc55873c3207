import { define } from "./definition.ts";
import { otherwise, text } from "./parameter.ts";
import { loadTool } from "./tool.ts";

/** Which tests are to run: those at or below a path, or all. */
export interface TestRequest {
  readonly path: string | undefined;
}

export const test = define({
  name: "test",
  summary: "run the tests, all or those below a path",
  arguments: { path: otherwise(text("path", "a folder or a test file"), undefined) },
  options: {},
  examples: [
    { line: "test", shows: "all tests; the last line counts them: 240 passed, 0 failed" },
    { line: "test src/command", shows: "the tests below one folder" },
  ],
  async run(given, terminal) {
    const tool = await loadTool<TestRequest>("../../tools/test/run.ts", "test");
    return await tool.run(given, terminal);
  },
});
