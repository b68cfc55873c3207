import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../src/command/root.ts";

/** The lines of the documentation that use the library, as they stand there. */
export function libraryExample(): string {
  const text = readFileSync(join(root, "docs/from-code.md"), "utf8");
  const [, lines] = /## Use it from your code\n[\s\S]*?```ts\n([\s\S]*?)```/.exec(text) ?? [];
  if (lines === undefined) throw new Error("docs/from-code.md: expected an example that uses the library, got none");
  return lines;
}
