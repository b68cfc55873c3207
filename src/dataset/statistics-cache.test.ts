import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { MeasuredStatistics } from "./statistics.ts";
import { cachedStatistics } from "./statistics-cache.ts";

let folder = "";
let computed = 0;
const statistics: MeasuredStatistics = {
  count: 3,
  mean: Float64Array.of(0.1, 1 / 3),
  std: Float64Array.of(1e-300, 2),
  min: Float64Array.of(-1, 0),
  max: Float64Array.of(1, 4),
  q01: Float64Array.of(-0.9, 0.1),
  q99: Float64Array.of(0.9, 3.9),
  quantiles: "exact",
};
const ask = (rows: string) =>
  cachedStatistics(join(folder, "cache"), { fingerprint: "f", rows }, async () => {
    computed++;
    return statistics;
  });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "armature-"));
  computed = 0;
});
afterEach(async () => await rm(folder, { recursive: true }));

test("statistics are measured once and come back to the bit", async () => {
  expect(await ask("action")).toEqual(statistics);
  expect(await ask("action")).toEqual(statistics);
  expect(computed).toBe(1);
});

test("other rows are other statistics", async () => {
  await ask("action");
  await ask("action, delta");
  expect(computed).toBe(2);
  expect(await readdir(join(folder, "cache"))).toHaveLength(2);
});

test("a damaged entry is measured again and mended", async () => {
  await ask("action");
  const [name = ""] = await readdir(join(folder, "cache"));
  const path = join(folder, "cache", name);
  const whole = await readFile(path, "utf8");
  const narrower = whole.replace(/"mean":\[[^\]]*\]/, '"mean":[0.1]');
  for (const damaged of ["", whole.slice(0, 100), "null", narrower, whole.replace('"count":3', '"count":-3')]) {
    await writeFile(path, damaged);
    computed = 0;
    expect(await ask("action")).toEqual(statistics);
    expect([damaged, computed]).toEqual([damaged, 1]);
    expect(await readFile(path, "utf8")).toBe(whole);
  }
});

test("a folder that cannot be written keeps nothing and stops nothing", async () => {
  await writeFile(join(folder, "cache"), "a file in its place");
  expect(await ask("action")).toEqual(statistics);
  expect(await ask("action")).toEqual(statistics);
  expect(computed).toBe(2);
});
