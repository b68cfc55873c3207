import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { InputError } from "../src/input-error.ts";
import { startPyTorch } from "./pytorch.ts";

const folder = mkdtempSync(join(tmpdir(), "armature-bench-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A program in the place of an interpreter: it speaks the script's protocol, or fails as one does. */
function interpreter(name: string, lines: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
  return path;
}

const started = (python: string) =>
  startPyTorch({ python, device: "cpu", shape: "B8T64D256", mode: "eager", threads: 2, steps: 10 });

test("each turn asks once and takes the time of that turn; the script is told what to measure", async () => {
  const python = interpreter(
    "speaks",
    `echo "{\\"ready\\": true, \\"torch\\": \\"$*\\"}"; turn=0
    while read word; do turn=$((turn + 1)); echo "{\\"ms\\": $turn.5, \\"word\\": \\"$word\\"}"; done`,
  );
  const contestant = await started(python);
  expect(contestant.version).toMatch(
    /bench\/pytorch_engine\.py --pair --device cpu --shape B8T64D256 --mode eager --threads 2 --steps 10$/,
  );
  expect([await contestant.repeat(), await contestant.repeat()]).toEqual([1.5, 2.5]);
  contestant.end();
});

test("an interpreter without PyTorch is a mistake of the user's, told by its last line", async () => {
  const python = interpreter(
    "lacks",
    "echo Traceback >&2; echo \"ModuleNotFoundError: No module named 'torch'\" >&2; exit 1",
  );
  const failure = started(python);
  await expect(failure).rejects.toThrow(InputError);
  await expect(failure).rejects.toThrow(/expected an interpreter with torch and numpy .* got: ModuleNotFoundError/);
});

test("an interpreter that is not there, and one that ends between turns, are told as well", async () => {
  await expect(started(join(folder, "nowhere"))).rejects.toThrow("ENOENT");
  const contestant = await started(
    interpreter("ends", 'echo "{\\"ready\\": true, \\"torch\\": \\"2\\"}"; read word; echo gone >&2'),
  );
  await expect(contestant.repeat()).rejects.toThrow("got: gone");
});
