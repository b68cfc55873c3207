import { define } from "./definition.ts";

export const check = define({
  name: "check",
  summary: "check types, lint, format, import directions, sizes of files and the lock file",
  arguments: {},
  options: {},
  examples: [{ line: "check", shows: "what is wrong, part by part; exit status 1 if anything is" }],
  async run() {
    const { checkAll } = await import("../../tools/check/all.ts");
    const parts = await checkAll();
    const failed = parts.filter(({ output }) => output !== "");
    return {
      status: failed.length > 0 ? 1 : 0,
      json: { clean: failed.length === 0, checks: parts },
      text: parts.map(({ name, output }) => (output === "" ? `${name}: clean` : `${name}:\n${output}`)).join("\n"),
    };
  },
});
