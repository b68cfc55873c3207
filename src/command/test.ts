import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { InputError } from "../input-error.ts";
import { define } from "./definition.ts";
import { otherwise, text } from "./parameter.ts";
import { root } from "./root.ts";

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
    const path = resolve(given.path ?? root);
    if (!existsSync(path)) throw new InputError(`test: expected a folder or a test file, got "${path}"`);
    // Vitest colours pipes and files as well, unless it is told before it loads.
    if (!terminal.out.isTTY) process.env.NO_COLOR = "1";
    const { runTests } = await import("../../tools/test/suite.ts");
    const counts = await runTests(root, path, terminal);
    const { passed, failed, skipped } = counts;
    return {
      status: failed > 0 ? 1 : 0,
      json: counts,
      text: `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`,
    };
  },
});
