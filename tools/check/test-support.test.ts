import { describe, expect, it } from "vitest";
import { findings } from "./source.ts";
import { strayFixtures, supportImports } from "./test-support.ts";

const near = 'import { near } from "./testing/near.ts";';

describe("supportImports", () => {
  it.each([
    ["src/graph/array.ts", near, "src/graph/testing/near.ts"],
    ["src/nn/norm.ts", 'const { near } = await import("../graph/testing/near.ts");', "src/graph/testing/near.ts"],
    ["recipes/demo.ts", 'import { toy } from "../test/end-to-end/toy.ts";', "test/end-to-end/toy.ts"],
  ])("finds what %s imports from where tests have their support", (path, statement, target) => {
    const found = supportImports([{ path, text: `const a = 1;\n${statement}\n` }]);
    expect(findings(found)).toBe(`${path}:2: imports ${target}, which is made for tests`);
  });

  it("lets tests, their support, benches and tools import it", () => {
    const paths = ["src/graph/array.test.ts", "src/graph/testing/far.ts", "test/laws/flow.ts", "bench/padding.ts"];
    expect(supportImports(paths.map((path) => ({ path, text: near })))).toEqual([]);
  });
});

describe("strayFixtures", () => {
  it("finds support under another name", () => {
    const paths = ["src/a/fixture/toy.ts", "src/a/fixture.ts", "src/a/toy-fixture.ts", "src/a/testing.ts"];
    const found = strayFixtures(paths.map((path) => ({ path, text: "" })));
    expect(found.map(({ path }) => path)).toEqual(paths);
  });

  it("lets folders named testing/ stand, and words that only begin alike", () => {
    const paths = ["src/a/testing/toy.ts", "src/a/mocking-bird.ts"];
    expect(strayFixtures(paths.map((path) => ({ path, text: "" })))).toEqual([]);
  });
});
