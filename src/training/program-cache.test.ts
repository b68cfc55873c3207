import { expect, it } from "vitest";
import { ProgramCache } from "./program-cache.ts";

const shape = (rows: number) => ({ rows, views: 1, observations: 1, tokens: 4 });

/** Programs that write down when they are compiled and released. */
function recorded(most: number) {
  const log: string[] = [];
  const programs = new ProgramCache(async ({ rows }) => {
    log.push(`compile ${rows}`);
    return { rows, release: () => void log.push(`release ${rows}`) };
  }, most);
  const use = (rows: number) => programs.with(shape(rows), async (program) => program.rows);
  return { log, programs, use };
}

it("compiles a program once, however often it computes, also where it is asked for twice at a time", async () => {
  const { log, programs, use } = recorded(2);
  expect(await Promise.all([use(3), use(3)])).toEqual([3, 3]);
  await use(3);
  expect(log).toEqual(["compile 3"]);
  expect([programs.compiled, programs.size]).toEqual([1, 1]);
});

it("releases the least recently used beyond its bound, and compiles it anew when it is needed", async () => {
  const { log, programs, use } = recorded(2);
  for (const rows of [1, 2, 1, 3, 1, 2]) await use(rows);
  expect(log).toEqual(["compile 1", "compile 2", "compile 3", "release 2", "compile 2", "release 3"]);
  expect([programs.compiled, programs.size]).toEqual([4, 2]);
});

it("tells every size apart", async () => {
  const { log, programs } = recorded(8);
  const other = { rows: 1, views: 2, observations: 3, tokens: 4 };
  for (const key of ["rows", "views", "observations", "tokens"] as const)
    await programs.with({ ...other, [key]: 9 }, async () => {});
  await programs.with(other, async () => {});
  expect(log).toHaveLength(5);
});

it("releases no program that computes", async () => {
  const { log, programs, use } = recorded(1);
  let end = () => {};
  const long = programs.with(shape(1), () => new Promise<void>((resolve) => (end = resolve)));
  await use(2);
  expect(log).toEqual(["compile 1", "compile 2", "release 2"]);
  end();
  await long;
  expect(programs.size).toBe(1);
  programs.release();
  await Promise.resolve();
  expect([log.at(-1), programs.size]).toEqual(["release 1", 0]);
});

it("tells everyone who asks for it that a program cannot be compiled", async () => {
  const programs = new ProgramCache<{ release(): void }>(async () => {
    throw new Error("no such operator");
  }, 1);
  const use = () => programs.with(shape(1), async () => {});
  await expect(use()).rejects.toThrow("no such operator");
  await expect(use()).rejects.toThrow("no such operator");
  programs.release();
});
