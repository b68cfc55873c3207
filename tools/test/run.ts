import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { CommandOutcome } from "../../src/command/definition.ts";
import { root } from "../../src/command/root.ts";
import type { Terminal } from "../../src/command/terminal.ts";
import type { TestRequest } from "../../src/command/test.ts";
import { InputError } from "../../src/input-error.ts";

/** How many tests passed, failed and were skipped. */
export async function run(request: TestRequest, terminal: Terminal): Promise<CommandOutcome> {
  const path = resolve(request.path ?? root);
  if (!existsSync(path)) throw new InputError(`test: expected a folder or a test file, got "${path}"`);
  // Vitest colours pipes and files as well, unless it is told before it loads.
  if (!terminal.out.isTTY) process.env.NO_COLOR = "1";
  const { runTests } = await import("./suite.ts");
  const counts = await runTests(root, path, terminal);
  const { passed, failed, skipped } = counts;
  return {
    status: failed > 0 ? 1 : 0,
    json: counts,
    text: `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`,
  };
}
