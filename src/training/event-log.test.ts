import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { InputError } from "../input-error.ts";
import { EventLog, type RunEvent, readEvents } from "./event-log.ts";

let run = "";
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), "armature-events-"));
});
afterEach(() => rmSync(run, { recursive: true }));

function steps(from: number, to: number): RunEvent[] {
  return Array.from({ length: to - from + 1 }, (_, at) => ({ kind: "step", step: from + at, loss: 1 / (from + at) }));
}

function append(log: EventLog, events: readonly RunEvent[]): void {
  for (const event of events) log.append(event);
}

function text(): string {
  return readFileSync(join(run, "events.jsonl"), "utf8");
}

describe("the event log", () => {
  it("has a line per event as soon as it is appended", async () => {
    const log = EventLog.begin(run);
    log.append({ kind: "step", step: 1, loss: 0.5 });
    expect(text()).toBe('{"kind":"step","step":1,"loss":0.5}\n');
    log.append({ kind: "validation", step: 1, groups: [{ dataset: "größe", velocity: null }] });
    log.sync();
    expect(await readEvents(run)).toEqual([
      { kind: "step", step: 1, loss: 0.5 },
      { kind: "validation", step: 1, groups: [{ dataset: "größe", velocity: null }] },
    ]);
    log.close();
  });

  it("of a resumed run is that of a run without a break", async () => {
    const straight = EventLog.begin(run);
    append(straight, steps(1, 40));
    straight.close();
    const expected = text();
    rmSync(join(run, "events.jsonl"));

    const killed = EventLog.begin(run);
    append(killed, steps(1, 27));
    killed.close();
    appendFileSync(join(run, "events.jsonl"), '{"kind":"step","st');
    const resumed = await EventLog.resume(run, 20);
    expect(await readEvents(run)).toEqual(steps(1, 20));
    append(resumed, steps(21, 40));
    resumed.close();
    expect(text()).toBe(expected);
    expect(readdirSync(run)).toEqual(["events.jsonl"]);
  });

  it("begins where a run that is resumed has none", async () => {
    (await EventLog.resume(run, 20)).close();
    expect(text()).toBe("");
  });

  it("is read without a last line that has no end, even where it looks whole", async () => {
    writeFileSync(join(run, "events.jsonl"), '{"kind":"step","step":1}\n{"kind":"step","step":2}');
    expect(await readEvents(run)).toEqual([{ kind: "step", step: 1 }]);
  });

  it("is empty where there is none yet", async () => {
    expect(await readEvents(run)).toEqual([]);
  });

  it("names the line that is no event", async () => {
    const cases = [
      ["torn in the mid", "events.jsonl:2: expected an event in JSON"],
      ['{"kind":"step"}', "events.jsonl:2: step: expected a number, got nothing"],
      ['{"kind":"step","step":-1}', "events.jsonl:2: step: expected a number of at least 0, got -1"],
    ] as const;
    for (const [line, expected] of cases) {
      writeFileSync(join(run, "events.jsonl"), `{"kind":"step","step":1}\n${line}\n{"kind":"step","step":3}\n`);
      const reading = readEvents(run);
      await expect(reading).rejects.toBeInstanceOf(InputError);
      await expect(reading).rejects.toThrow(expected);
    }
  });

  it.skipIf(!existsSync("/dev/full"))("says so where the disk is full", () => {
    symlinkSync("/dev/full", join(run, "events.jsonl"));
    const log = EventLog.begin(run);
    expect(() => log.append({ kind: "step", step: 1 })).toThrow(
      `${join(run, "events.jsonl")}: expected room for an event, got a full disk`,
    );
    log.close();
  });

  it("refuses a number that JSON would turn to null", () => {
    const log = EventLog.begin(run);
    for (const loss of [Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => log.append({ kind: "step", step: 1, groups: [{ loss }] })).toThrow('a finite number for "loss"');
    expect(text()).toBe("");
    log.close();
  });
});
