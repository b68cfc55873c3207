import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { root } from "../../src/command/root.ts";
import { withSyntax } from "../syntax.ts";
import { findGuards } from "./find.ts";
import { without } from "./guard.ts";
import { type Fate, type MutateOptions, mutate } from "./mutate.ts";
import { importersIn, testsOf } from "./order.ts";

const files = {
  ".gitignore": "node_modules/\nruns/\n",
  "tsconfig.json": JSON.stringify({
    compilerOptions: { module: "NodeNext", allowImportingTsExtensions: true, noEmit: true, types: [] },
    include: ["src/**/*.ts"],
  }),
  "runs/large.bin": "not copied",
  "src/checkpoint/conventions.ts": `export const schema = { direction: z.enum(directions) };
export const differs = (found: string[], name: string, allowed: Set<string>) => found[0] !== name && !allowed.has(name);`,
  "src/checkpoint/convention-name.ts": `export const conventionNames = ["direction", "padding"] as const;`,
  "src/flow/path.ts": `import { select } from "../../src/graph/op/select.ts";
export const directions = ["up", "down"] as const;
// A comment that says select(mask, x, 0) is no guard.
export function point(rules: Rules, noise: Padded, direction: string) {
  return rules.keeps("input-side") && direction === "up" ? noise.selected(0) : select(noise.valid, noise.cells, 0);
}`,
  "src/policy/stream.ts": `const list = [stepReal, dofReal] as const;
export const cells = Validity.every("b t d", [...list, rowReal]);
export const keys = positions(and(sight, readable));
export const weights = maskedSoftmax(scores, keys);
export const seen = cells.some((cell) => cell > 0);`,
  "src/loss/mean.ts": `export const mean = (sum: number, count: number, row: number, width: number) =>
  count === 0 ? 0 : sum / count + Math.floor(row / width);`,
  "src/simulation/arm.ts": `export const arm = rules.keeps("nothing of the product's");`,
  "src/flow/path.test.ts": `export const test = rules.keeps("in a test");`,
};

let tree = "";
beforeAll(async () => {
  tree = await mkdtemp(join(tmpdir(), "armature-mutated-"));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), text);
  }
});
afterAll(() => rm(tree, { recursive: true }));

it("guards are found where they stand in the syntax, in the folders of the product, and nowhere else", () => {
  const found = withSyntax(tree, "src", findGuards).map(({ kind, path, line, before, after }) =>
    [`${path}:${line}`, kind, before, after].join(" | "),
  );
  expect(found).toEqual([
    'src/checkpoint/convention-name.ts:1 | convention | "direction" | ["padding"]',
    'src/checkpoint/convention-name.ts:1 | convention | "padding" | ["direction"]',
    "src/checkpoint/conventions.ts:2 | convention | found[0] !== name | false",
    "src/checkpoint/conventions.ts:2 | convention | allowed.has(name) | true",
    "src/checkpoint/conventions.ts:2 | convention | allowed.has(name) | false",
    'src/flow/path.ts:5 | rule | rules.keeps("input-side") | false',
    'src/flow/path.ts:5 | convention | direction === "up" | true',
    'src/flow/path.ts:5 | convention | direction === "up" | false',
    "src/flow/path.ts:5 | selection | noise.selected(0) | noise.read((values) => values)",
    "src/flow/path.ts:5 | selection | select(noise.valid, noise.cells, 0) | (noise.cells)",
    "src/loss/mean.ts:2 | count | count === 0 ? 0 : sum / count + Math.floor(row / width) | (sum / count + Math.floor(row / width))",
    "src/loss/mean.ts:2 | count | count | (count + 1)",
    "src/policy/stream.ts:1 | fact | stepReal | [dofReal]",
    "src/policy/stream.ts:1 | fact | dofReal | [stepReal]",
    "src/policy/stream.ts:2 | fact | ...list | [rowReal]",
    "src/policy/stream.ts:2 | fact | rowReal | [...list]",
    "src/policy/stream.ts:3 | key mask | and(sight, readable) | sight",
    "src/policy/stream.ts:3 | key mask | and(sight, readable) | readable",
    "src/policy/stream.ts:4 | key mask | maskedSoftmax(scores, keys) | softmax(scores)",
  ]);
});

it("a guard is taken out of the text that it stands in, and nothing else is", () => {
  const text = files["src/flow/path.ts"];
  const guard = withSyntax(tree, "src", findGuards).find(({ before }) => before === "noise.selected(0)")!;
  expect(without(guard, text)).toBe(text.replace("noise.selected(0)", "noise.read((values) => values)"));
});

it("every guard of the product is found by the same words", () => {
  const kinds = Map.groupBy(
    withSyntax(root, "src", findGuards),
    ({ kind, path }) => `${kind} in ${path.split("/")[1]}`,
  );
  for (const some of [
    "selection in policy",
    "selection in loss",
    "fact in batch",
    "key mask in nn",
    "key mask in policy",
    "rule in validity",
    "count in loss",
    "count in metric",
    "convention in checkpoint",
    "convention in serving",
    "convention in training",
  ])
    expect(kinds.get(some)?.length ?? 0, some).toBeGreaterThan(0);
});

it("tests that import a file, if only through others, may notice: its own first, then the widest, then the nearest", () => {
  const importers = new Map([
    ["src/flow/path.ts", ["src/flow/path.test.ts", "src/training/objective.ts", "src/flow/a.test.ts"]],
    [
      "src/training/objective.ts",
      ["test/trap/opentau.test.ts", "test/audit/audit.test.ts", "src/training/far.test.ts"],
    ],
    ["src/nn/linear.ts", ["src/nn/linear.test.ts"]],
  ]);
  expect(testsOf("src/flow/path.ts", importers)).toEqual([
    "src/flow/path.test.ts",
    "src/flow/a.test.ts",
    "test/trap/opentau.test.ts",
    "src/training/far.test.ts",
    "test/audit/audit.test.ts",
  ]);
  expect(testsOf("src/policy/policy.ts", importersIn(root))).toContain("src/training/equivalence.test.ts");
});

describe("with tests that look at one of two guards", () => {
  let [small, scratch] = ["", ""];
  const source = `export const isShown = (rules, isReal) => (rules.keeps("keys") ? isReal : true);
export const isTaught = (rules, isReal) => (rules.keeps("loss") ? isReal : true);
`;
  const passing = `import { expect, it } from "vitest";
import { isShown } from "./rule.ts";
it("hides a key that is not real", () => expect(isShown({ keeps: () => true }, false)).toBe(false));
`;
  beforeAll(async () => {
    small = await mkdtemp(join(tmpdir(), "armature-mutated-"));
    await mkdir(join(small, "src/policy"), { recursive: true });
    for (const path of [".gitignore", "tsconfig.json"] as const) await writeFile(join(small, path), files[path]);
    await writeFile(join(small, "src/policy/rule.ts"), source);
    await symlink(join(root, "node_modules"), join(small, "node_modules"));
    scratch = await mkdtemp(join(tmpdir(), "armature-mutated-"));
    vi.stubEnv("TMPDIR", scratch);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    for (const folder of [small, scratch]) await rm(folder, { recursive: true });
  });

  async function fates(change: Partial<MutateOptions>, test: string): Promise<Fate[]> {
    await writeFile(join(small, "src/policy/rule.test.ts"), test);
    const options = { tree: small, below: "", jobs: 1, stop: new AbortController().signal, ...change };
    return mutate(options, { begins: () => {}, tried: () => {} });
  }

  it("the other is reported as a survivor, and the tree is left as it was", async () => {
    const found = await fates({}, passing);
    expect(found.map(({ guard, verdict, by }) => [guard.line, verdict, by])).toEqual([
      [1, "killed", "src/policy/rule.test.ts > hides a key that is not real"],
      [2, "survived", "1 tests passed"],
    ]);
    expect(await readFile(join(small, "src/policy/rule.ts"), "utf8")).toBe(source);
  });

  it("a guard is noticed without which a group of tests is not made ready, though none of them runs", async () => {
    const grouped = `${passing}import { beforeAll, describe } from "vitest";
import { isTaught } from "./rule.ts";
describe("a group", () => {
  beforeAll(() => {
    if (isTaught({ keeps: () => true }, false)) throw new Error("it is taught");
  });
  it("has a test", () => expect(isTaught({ keeps: () => true }, true)).toBe(true));
});
`;
    const found = await fates({}, grouped);
    expect(found.map(({ guard, verdict }) => [guard.line, verdict])).toEqual([
      [1, "killed"],
      [2, "killed"],
    ]);
    expect(found[1]!.by).toContain("it is taught");
  });

  it("a test that fails by itself speaks for nothing", async () => {
    const failing = `${passing}it("is wrong", () => expect(isShown({ keeps: () => false }, false)).toBe(false));\n`;
    await expect(fates({}, failing)).rejects.toThrow(
      "mutate: expected tests that pass on the code as it is, got src/policy/rule.test.ts > is wrong",
    );
  });

  it("a path without guards is refused", async () => {
    await expect(fates({ below: "src/nn" }, passing)).rejects.toThrow('expected guards at or below "src/nn", got none');
  });

  it("what is stopped leaves no copy behind", async () => {
    const stopping = new AbortController();
    const ended = fates({ stop: stopping.signal }, passing);
    setTimeout(() => stopping.abort(new Error("stopped")), 500);
    await expect(ended).rejects.toThrow("stopped");
    expect(await readdir(scratch)).toEqual([]);
  });
});
