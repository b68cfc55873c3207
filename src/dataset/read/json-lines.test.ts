import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { readJsonLines } from "./json-lines.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "armature-"));
});
afterEach(async () => await rm(folder, { recursive: true }));

const read = async (text: string) => {
  await writeFile(join(folder, "lines.jsonl"), text);
  return await readJsonLines(folder, "lines.jsonl", z.object({ a: z.number() }));
};

test("lines end as they do on any system", async () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const { lines, problems } = await read(['{"a": 1}', "", '{"a": 2}', ""].join(end));
    expect(problems).toEqual([]);
    expect(lines).toEqual([
      { place: "lines.jsonl line 1", value: { a: 1 } },
      { place: "lines.jsonl line 3", value: { a: 2 } },
    ]);
  }
});

test("a file of other lines is one problem, and of a few good ones the first five are named", async () => {
  const spread = await read(JSON.stringify({ a: [1, 2, 3, 4, 5, 6] }, null, 2));
  // The brace, `"a": [`, six numbers, `]` and the brace.
  expect(spread.problems).toEqual([
    {
      code: "malformed-metadata",
      path: "lines.jsonl",
      message:
        "expected a JSON value a line, got 10 lines that are none; the first: expected a JSON value of its kind, got JSON that breaks off before its end; write each value on one line",
    },
  ]);
  const { lines, problems } = await read(`{"a": 1}\n${"{}\n".repeat(8)}`);
  expect(lines.length).toBe(1);
  expect(problems.map(({ path }) => path)).toEqual(
    [2, 3, 4, 5, 6].map((line) => `lines.jsonl line ${line}`).concat("lines.jsonl"),
  );
  expect(problems[5]?.message).toBe("3 more lines are no JSON values of their kind either");
});
