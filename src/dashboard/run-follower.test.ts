import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RunFollower } from "./run-follower.ts";
import { SourceFolders } from "./source.ts";

const step = (at: number) => `{"kind":"step","step":${at},"loss":${1 / at},"gradientNorm":1,"learningRate":0.1}\n`;

let place = "";
let log = "";
let follower: RunFollower;
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), "armature-follower-"));
  await mkdir(join(place, "run"));
  log = join(place, "run/events.jsonl");
  await writeFile(join(place, "run/recipe.json"), "{}");
  const sources = await SourceFolders.open([place]);
  follower = new RunFollower(sources, await sources.get("run", "run"));
});
afterEach(() => rm(place, { recursive: true }));

describe("following a run", () => {
  it("gives everything, then what is added, then nothing", async () => {
    await writeFile(log, step(1) + step(2));
    expect(await follower.next()).toMatchObject({ isFromStart: true, isTorn: false, steps: { step: [1, 2] } });
    expect(await follower.next()).toBeNull();
    await appendFile(log, step(3));
    expect(await follower.next()).toMatchObject({ isFromStart: false, steps: { step: [3], loss: [1 / 3] } });
    expect(await follower.next()).toBeNull();
  });

  it("leaves out a line until it has its end, and says so", async () => {
    await writeFile(log, `${step(1)}{"kind":"step","st`);
    expect(await follower.next()).toMatchObject({ isTorn: true, steps: { step: [1] }, problems: [] });
    await appendFile(log, 'ep":2,"loss":0.5,"gradientNorm":1,"learningRate":0.1}\n');
    expect(await follower.next()).toMatchObject({ isTorn: false, steps: { step: [2] }, isFromStart: false });
  });

  it("begins anew where a resumed run took events back, which is another file", async () => {
    await writeFile(log, step(1) + step(2) + step(3));
    await follower.next();
    await writeFile(`${log}.partial`, step(1) + step(2));
    await rename(`${log}.partial`, log);
    expect(await follower.next()).toMatchObject({ isFromStart: true, steps: { step: [1, 2] } });
  });

  it("begins anew where the file has become shorter", async () => {
    await writeFile(log, step(1) + step(2));
    await follower.next();
    await writeFile(log, step(1));
    expect(await follower.next()).toMatchObject({ isFromStart: true, steps: { step: [1] } });
  });

  it("waits for a log that is not there yet", async () => {
    expect(await follower.next()).toMatchObject({ problems: ["no events.jsonl yet"], steps: { step: [] } });
    expect(await follower.next()).toBeNull();
    await writeFile(log, step(1));
    expect(await follower.next()).toMatchObject({ isFromStart: true, problems: [], steps: { step: [1] } });
  });

  it("says that a run has gone", async () => {
    await writeFile(log, step(1));
    await follower.next();
    await rm(log);
    expect(await follower.next()).toMatchObject({ isFromStart: true, problems: ["no events.jsonl yet"] });
  });

  it("says which lines are no events, by their numbers, and gives the rest", async () => {
    await writeFile(log, `${step(1)}not json\n`);
    expect(await follower.next()).toMatchObject({
      problems: ['line 2: expected an event in JSON, got "not json"'],
      steps: { step: [1] },
    });
    await appendFile(log, `[]\n${step(2)}`);
    const part = await follower.next();
    expect(part?.problems).toEqual([expect.stringMatching(/^line 3: /)]);
    expect(part?.steps.step).toEqual([2]);
  });

  it("reads the clock beside the events", async () => {
    await writeFile(log, step(1));
    await writeFile(join(place, "run/times.jsonl"), '{"kind":"start","step":0,"at":5,"waitedMs":0}\n');
    expect(await follower.next()).toMatchObject({ times: { step: [0], at: [5], waitedMs: [0], isStart: [true] } });
    await appendFile(join(place, "run/times.jsonl"), '{"kind":"time","step":1,"at":9,"waitedMs":2}\n');
    expect(await follower.next()).toMatchObject({
      isFromStart: false,
      times: { step: [1], at: [9] },
      steps: { step: [] },
    });
  });
});
