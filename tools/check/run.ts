import type { CommandOutcome } from "../../src/command/definition.ts";
import { checkAll } from "./all.ts";

/** What `armature check` finds, part by part. */
export async function run(): Promise<CommandOutcome> {
  const parts = await checkAll();
  const failed = parts.filter(({ output }) => output !== "");
  return {
    status: failed.length > 0 ? 1 : 0,
    json: { clean: failed.length === 0, checks: parts },
    text: parts.map(({ name, output }) => (output === "" ? `${name}: clean` : `${name}:\n${output}`)).join("\n"),
  };
}
