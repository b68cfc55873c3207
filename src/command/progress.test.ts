import { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { clock, Progress, significant } from "./progress.ts";

class Recorder extends Writable {
  text = "";
  readonly isTTY: boolean;
  readonly columns: number;

  constructor(isTTY: boolean, columns: number) {
    super();
    this.isTTY = isTTY;
    this.columns = columns;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

function started(screen: Recorder, done: number) {
  const time = { ms: 0 };
  const progress = new Progress({ screen, label: "train", unit: "step", total: 300, done, now: () => time.ms });
  return { progress, time };
}

describe("a bar on a terminal", () => {
  it("shows count, rate, time left and the given fields in place", () => {
    const screen = new Recorder(true, 100);
    const { progress, time } = started(screen, 0);
    time.ms = 20_000;
    progress.update(60, { loss: "0.412", wait: "1%" });
    expect(screen.text).toBe(
      "\rtrain  ████░░░░░░░░░░░░░░░░  60/300  20%  3 step/s  1:20 left  loss 0.412  wait 1%\u001b[K",
    );
  });

  it("is redrawn ten times a second at most", () => {
    const screen = new Recorder(true, 100);
    const { progress, time } = started(screen, 0);
    for (let step = 1; step <= 200; step++) {
      time.ms = step * 10;
      progress.update(step, {});
    }
    expect(screen.text.split("\r").length - 1).toBe(20);
  });

  it("is shorter where the line would not fit", () => {
    const screen = new Recorder(true, 60);
    const { progress, time } = started(screen, 0);
    time.ms = 20_000;
    progress.update(60, { loss: "0.412" });
    expect(screen.text).toBe("\rtrain  █░░░░  60/300  20%  3 step/s  1:20 left  loss 0.412\u001b[K");
  });

  it("never wraps", () => {
    const screen = new Recorder(true, 30);
    const { progress, time } = started(screen, 0);
    time.ms = 1000;
    progress.update(60, { loss: "0.412" });
    expect(screen.text.replace("\r", "").replace("\u001b[K", "")).toHaveLength(29);
  });

  it("makes way for a note and comes back", () => {
    const screen = new Recorder(true, 100);
    const { progress, time } = started(screen, 0);
    time.ms = 1000;
    progress.update(60, {});
    const bar = screen.text;
    progress.note("checkpoint 60");
    expect(screen.text).toBe(`${bar}\r\u001b[Kcheckpoint 60\n${bar}`);
  });

  it("goes out of the way of what is printed next, and comes back with the next update", () => {
    const screen = new Recorder(true, 100);
    const { progress, time } = started(screen, 0);
    time.ms = 1000;
    progress.update(60, {});
    const bar = screen.text;
    progress.hide();
    progress.note("validated");
    expect(screen.text).toBe(`${bar}\r\u001b[Kvalidated\n`);
    time.ms = 2000;
    progress.update(120, {});
    expect(screen.text).toContain("\rtrain  ████████░░░░░░░░░░░░  120/300  40%  60 step/s  0:03 left");
  });
});

describe("progress in a file", () => {
  it("is a line every ten seconds and one at the end", () => {
    const screen = new Recorder(false, 80);
    const { progress, time } = started(screen, 0);
    for (let step = 1; step <= 25; step++) {
      time.ms = step * 1000;
      progress.update(step, {});
    }
    progress.note("saved");
    progress.finish();
    expect(screen.text).toBe(
      [
        "train  10/300  3%  1 step/s  4:50 left",
        "train  20/300  6%  1 step/s  4:40 left",
        "saved",
        "train  25/300  8%  took 0:25",
        "",
      ].join("\n"),
    );
  });
});

it("the rate after a resume counts only what was done since", () => {
  const screen = new Recorder(false, 80);
  const { progress, time } = started(screen, 100);
  time.ms = 10_000;
  progress.update(120, {});
  expect(screen.text).toBe("train  120/300  40%  2 step/s  1:30 left\n");
});

it("the rate is that of what comes after a new beginning", () => {
  const screen = new Recorder(false, 80);
  const { progress, time } = started(screen, 0);
  time.ms = 20_000;
  progress.restartRate();
  time.ms = 22_000;
  progress.update(10, {});
  expect(screen.text).toBe("train  10/300  3%  5 step/s  0:58 left\n");
});

it("the rate follows the last half minute", () => {
  const screen = new Recorder(false, 80);
  const { progress, time } = started(screen, 0);
  for (let second = 1; second <= 20; second++) {
    time.ms = second * 1000;
    progress.update(second * 10, {});
  }
  for (let second = 21; second <= 60; second++) {
    time.ms = second * 1000;
    progress.update(200 + second - 20, {});
  }
  expect(screen.text.trimEnd().split("\n").at(-1)).toBe("train  240/300  80%  1 step/s  1:00 left");
});

it.each([
  [0, "0:00"],
  [7.4, "0:07"],
  [59.6, "1:00"],
  [754, "12:34"],
  [3723, "1:02:03"],
])("%s seconds are %s", (seconds, text) => {
  expect(clock(seconds)).toBe(text);
});

it.each([
  [0.03123, "0.0312"],
  [3.214, "3.21"],
  [12345, "12300"],
])("%s has the significant digits %s", (value, text) => {
  expect(significant(value)).toBe(text);
});
