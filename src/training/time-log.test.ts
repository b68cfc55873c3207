import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { TimeLog } from "./time-log.ts";

let run = "";
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), "armature-times-"));
});
afterEach(() => rmSync(run, { recursive: true }));

function lines(): unknown[] {
  return readFileSync(join(run, "times.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

const at = (ms: number) => ({ now: () => ms, logged: () => {} });

it("writes its start, then at most one line a second, and the last step in any case", () => {
  let now = 1000;
  const told: unknown[] = [];
  const log = TimeLog.begin(run, 20, { now: () => now, logged: (line) => told.push(line) });
  for (const [at, step] of [
    [1400, 21],
    [2000, 22],
    [2999, 23],
    [3000.4, 24],
    [3001, 25],
  ] as const) {
    now = at;
    log.stepped(step, step * 10 + 0.4, step === 25);
  }
  log.close();
  expect(lines()).toEqual([
    { kind: "start", step: 20, at: 1000, waitedMs: 0 },
    { kind: "time", step: 22, at: 2000, waitedMs: 220 },
    { kind: "time", step: 24, at: 3000, waitedMs: 240 },
    { kind: "time", step: 25, at: 3001, waitedMs: 250 },
  ]);
  expect(told).toEqual(lines());
});

it("goes on behind what an earlier start wrote", () => {
  for (const step of [0, 7]) TimeLog.begin(run, step, at(step)).close();
  expect(lines()).toMatchObject([{ step: 0 }, { step: 7 }]);
});

it.skipIf(process.platform !== "linux")("does not stop a run whose disk is full: its events do", () => {
  symlinkSync("/dev/full", join(run, "times.jsonl"));
  expect(() => TimeLog.begin(run, 0, at(0)).close()).not.toThrow();
});
