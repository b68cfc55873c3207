import { describe, expect, it } from "vitest";
import { findings } from "./source.ts";
import { forbiddenText, longFiles } from "./text.ts";

function file(path: string, lines: readonly string[]) {
  return { path, text: `${lines.join("\n")}\n` };
}

describe("longFiles", () => {
  it("finds a file of src/ with more than 300 lines, and none of other folders", () => {
    const long = Array.from({ length: 301 }, () => "");
    const filled = [...long.slice(1), "end"];
    const found = longFiles([
      file("src/a.ts", [...filled, "more"]),
      file("src/b.ts", filled.slice(1)),
      file("test/c.ts", [...filled, "more"]),
    ]);
    expect(findings(found)).toBe("src/a.ts:302: expected 300 lines at most, got 302; make it two files");
  });
});

describe("forbiddenText", () => {
  it.each([
    ["const a = b as unknown" + " as C;", "a double assertion hides any error of types"],
    ["const noise = Math." + "random();", "randomness is an argument; use a stream of graph/random.ts"],
    ["// TO" + "DO later", "open work without an issue"],
  ])("finds %j", (line, message) => {
    const found = forbiddenText([file("src/a.ts", ["const a = 1;", line])]);
    expect(found.map((each) => each.line)).toEqual([2]);
    expect(findings(found)).toContain(message);
  });

  it("lets open work stand that names its issue", () => {
    expect(forbiddenText([file("src/a.ts", ["// TO" + "DO #12: the other robots."])])).toEqual([]);
  });
});
