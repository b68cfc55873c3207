import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { root } from "./root.ts";

function armature(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "src/command/main.ts"), ...words], {
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

it("a wrong call ends with status 2, one line on standard error and nothing on standard output", () => {
  expect(armature("chekc", "--json")).toEqual({
    status: 2,
    stdout: "",
    stderr: `armature: unknown command 'chekc' (Did you mean check?); see "armature --help"\n`,
  });
});

it("help goes to standard output", () => {
  const { status, stdout, stderr } = armature("test", "--help");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^Usage: armature test \[options\] \[path\]\n/);
});
