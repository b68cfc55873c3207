import { createHash } from "node:crypto";
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { RunEvent } from "../../training/event-log.ts";
import { hasTensorBoardLog, TensorBoardLog } from "./log.ts";
import { readEventFile } from "./testing/event-file.ts";

let run = "";
beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), "armature-tensorboard-"));
});
afterEach(() => rmSync(run, { recursive: true }));

const step = (number: number, loss: number): RunEvent => {
  return { kind: "step", step: number, loss, gradientNorm: 2, learningRate: 0.5 };
};
const losses = (loss: number | null) => ({ velocity: loss, tokens: null, response: null, loss, interval: null });
const validation = (number: number, loss: number): RunEvent => {
  const group = (dataset: string, own: number | null) => ({
    dataset,
    controlMode: "joint",
    samples: 4,
    ...losses(own),
  });
  return {
    kind: "validation",
    step: number,
    samples: 8,
    groups: [group("arm", loss), group("cart", null)],
    aggregate: losses(loss),
  };
};
const time = (kind: "start" | "time", number: number, at: number, waitedMs: number): RunEvent => {
  return { kind, step: number, at, waitedMs };
};

const lines = (events: readonly RunEvent[]) => events.map((event) => `${JSON.stringify(event)}\n`).join("");

function logged(events: readonly RunEvent[], times: readonly RunEvent[]): void {
  writeFileSync(join(run, "events.jsonl"), lines(events));
  writeFileSync(join(run, "times.jsonl"), lines(times));
}

const files = () => readdirSync(join(run, "tensorboard")).sort();
const begin = (now = 5000) =>
  TensorBoardLog.begin({ run, folder: join(run, "tensorboard"), batchSize: 8, now: () => now });
const read = ({ path }: TensorBoardLog) => readEventFile(path).slice(2);

describe("an event file for TensorBoard", () => {
  it("begins with its version and with a start at step 0, and has each number of the run under its name", async () => {
    logged(
      [validation(0, 4), step(1, 0.25), step(2, 0.125), { kind: "audit", step: 2, clean: true, leaks: [] }],
      [time("start", 0, 1000, 0), time("time", 2, 3000, 500)],
    );
    const log = await begin();
    log.close();
    const [version, start, ...rest] = readEventFile(log.path);
    expect(version).toEqual({ wallTime: 1, step: 0, fileVersion: "brain.Event:2", status: 0, scalars: [] });
    expect(start).toMatchObject({ step: 0, status: 1 });
    expect(rest.map(({ wallTime, step, scalars }) => [wallTime, step, Object.fromEntries(scalars)])).toEqual([
      [
        1,
        0,
        {
          "validation/mixture/loss": 4,
          "validation/mixture/velocity": 4,
          "validation/arm/joint/loss": 4,
          "validation/arm/joint/velocity": 4,
        },
      ],
      [3, 1, { "train/loss": 0.25, "train/gradientNorm": 2, "train/learningRate": 0.5 }],
      [3, 2, { "train/loss": 0.125, "train/gradientNorm": 2, "train/learningRate": 0.5 }],
      [3, 2, { "audit/clean": 1 }],
      // Two steps of 8 samples in two seconds, a quarter of which was waiting.
      [3, 2, { "train/samplesPerSecond": 8, "train/waitShare": 0.25 }],
    ]);
  });

  it("is the same whether a run is followed or written at its end, but for the second in which a step ended", async () => {
    const rollout = {
      kind: "rollout",
      step: 2,
      robot: "arm",
      dataset: "arm",
      episodes: 8,
      successes: 4,
      successRate: 0.5,
      interval: [0.25, 0.75],
      meanSteps: 16,
    };
    const events = [validation(0, 4), step(1, 0.25), step(2, 0.125), rollout];
    const times = [time("start", 0, 1000, 0), time("time", 1, 2000, 0), time("time", 2, 4000, 0)];
    logged([], []);
    const followed = await begin();
    for (const line of [times[0]!, ...events.slice(0, 2), times[1]!, ...events.slice(2), times[2]!])
      followed.append(line);
    followed.close();
    const numbers = (log: TensorBoardLog) =>
      read(log)
        .flatMap(({ step, scalars }) => scalars.map(([tag, value]) => `${tag} ${step} ${value}`))
        .sort();
    const found = numbers(followed);
    expect(read(followed).every(({ wallTime }) => [2, 4, 5].includes(wallTime))).toBe(true);
    logged(events, times);
    const written = await begin(6000);
    written.close();
    expect(found).toEqual(numbers(written));
    expect(found).toContain("rollout/arm/successRate 2 0.5");
    expect(found).toContain("rollout/arm/meanSteps 2 16");
    // 8 samples in a second, and then in two.
    expect(found.filter((line) => line.startsWith("train/samples"))).toEqual([
      "train/samplesPerSecond 1 8",
      "train/samplesPerSecond 2 4",
    ]);
  });

  it("has no step twice where a resumed run takes some back, and leaves other files alone", async () => {
    logged([step(1, 1), step(2, 2), step(3, 3)], [time("start", 0, 1000, 0), time("time", 3, 2000, 0)]);
    (await begin(3000)).close();
    writeFileSync(join(run, "tensorboard", "events.out.tfevents.1.elsewhere"), "");
    expect(files()).toEqual(["events.out.tfevents.1.elsewhere", "events.out.tfevents.3000.armature"]);
    // Back to the checkpoint of step 1; its clock keeps what it has written.
    writeFileSync(join(run, "events.jsonl"), lines([step(1, 1)]));
    const log = await begin(4000);
    log.append(time("start", 1, 3500, 0));
    log.append(step(2, 20));
    log.append(time("time", 2, 4500, 0));
    log.close();
    const earlier = "events.out.tfevents.3000.armature";
    expect(files()).toEqual(["events.out.tfevents.1.elsewhere", earlier, "events.out.tfevents.4000.armature"]);
    expect(readFileSync(join(run, "tensorboard", earlier))).toHaveLength(0);
    const found = read(log).flatMap(({ step, scalars }) => scalars.map(([tag, value]) => [tag, step, value]));
    expect(found.filter(([tag]) => tag === "train/loss")).toEqual([
      ["train/loss", 1, 1],
      ["train/loss", 2, 20],
    ]);
    expect(found.filter(([tag]) => tag === "train/samplesPerSecond")).toEqual([["train/samplesPerSecond", 2, 8]]);
    (await begin(5000)).close();
    expect(files().slice(1)).toEqual(["events.out.tfevents.4000.armature", "events.out.tfevents.5000.armature"]);
    writeFileSync(join(run, "tensorboard", "events.out.tfevents.1.elsewhere"), "theirs");
    (await begin(6000)).close();
    expect(readFileSync(join(run, "tensorboard", "events.out.tfevents.1.elsewhere"), "utf8")).toBe("theirs");
  });

  it("has times of the start that went on, not of steps that were taken back", async () => {
    logged(
      [step(1, 1), step(2, 2), step(3, 3)],
      [
        time("start", 0, 1000, 0),
        time("time", 1, 2000, 0),
        time("time", 3, 3000, 0),
        time("start", 1, 9000, 0),
        time("time", 3, 9500, 0),
      ],
    );
    const log = await begin();
    log.close();
    const times = read(log).filter(({ scalars }) => scalars[0]![0] === "train/loss");
    expect(times.map(({ wallTime }) => wallTime)).toEqual([2, 9.5, 9.5]);
  });

  it("has the time at which the log was written where the run has no clock", async () => {
    writeFileSync(join(run, "events.jsonl"), lines([step(1, 1)]));
    const log = await begin();
    log.close();
    expect(Math.abs(read(log)[0]!.wallTime - Date.now() / 1000)).toBeLessThan(60);
  });

  it("writes a long history whole", async () => {
    const events = Array.from({ length: 9000 }, (_, at) => step(at + 1, at));
    logged(events, []);
    const log = await begin();
    log.close();
    expect(read(log).map(({ step }) => step)).toEqual(events.map(({ step }) => step));
  });

  it("is known by its name", async () => {
    expect(await hasTensorBoardLog(run)).toBe(false);
    mkdirSync(join(run, "tensorboard"));
    appendFileSync(join(run, "tensorboard", "events.out.tfevents.1.elsewhere"), "");
    expect(await hasTensorBoardLog(run)).toBe(false);
    logged([], []);
    (await begin()).close();
    expect(await hasTensorBoardLog(run)).toBe(true);
  });

  it("refuses a folder that is a file, and a run whose events are none", async () => {
    logged([], []);
    writeFileSync(join(run, "tensorboard"), "");
    await expect(begin()).rejects.toThrow(/tensorboard: expected a folder for event files, got EEXIST/);
    rmSync(join(run, "tensorboard"));
    appendFileSync(join(run, "events.jsonl"), "{}\n");
    await expect(begin()).rejects.toThrow(/events\.jsonl:1: /);
  });
});

const recorded = z
  .object({
    sha256: z.string(),
    names: z.record(z.string(), z.object({ numbers: z.number(), last: z.tuple([z.number(), z.number()]) })),
  })
  .parse(JSON.parse(readFileSync(new URL("../../../test/parity/tensorboard.json", import.meta.url), "utf8")));

it("writes the bytes in which TensorBoard's own reader found these numbers", async () => {
  const source = new URL("../testing/logged/wide/", import.meta.url);
  for (const name of ["events.jsonl", "times.jsonl"])
    writeFileSync(join(run, name), readFileSync(new URL(name, source)));
  const log = await TensorBoardLog.begin({ run, folder: run, batchSize: 64, now: () => 0 });
  log.close();
  const found = Map.groupBy(
    read(log).flatMap(({ step, scalars }) => scalars.map(([tag, value]) => ({ tag, step, value }))),
    ({ tag }) => tag,
  );
  const names = [...found].map(([tag, values]) => {
    const { step, value } = values.at(-1)!;
    return [tag, { numbers: values.length, last: [step, value] }];
  });
  expect(Object.fromEntries(names)).toEqual(recorded.names);
  expect(createHash("sha256").update(readFileSync(log.path)).digest("hex")).toBe(recorded.sha256);
});
