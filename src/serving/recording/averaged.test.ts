import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadLibav } from "../../dataset/libav.ts";
import { openDataset } from "../../dataset/read/open.ts";
import { trainMicroRun } from "../../training/testing/micro-run.ts";
import { loadPolicy } from "../load.ts";
import { actionsOf, Client, message, seenState, startedFor } from "../protocol/testing/served.ts";
import { plainSessions } from "../served-session.ts";
import { reachingRecipe } from "../testing/reaching.ts";
import { Recorder } from "./recorder.ts";
import { recordableRobots } from "./recording-source.ts";
import { replayRecording } from "./replay.ts";

const hasLibav = (await loadLibav()) !== null;

it.skipIf(!hasLibav)(
  "averaged chunks are recorded as they were sent, and replay averages again, to the bit",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "armature-averaged-"));
    const run = await trainMicroRun(reachingRecipe, 1);
    const policy = await loadPolicy(run.folder, { robots: 1, machine: "as trained" });
    const smoothing = { decay: 0.1, grippers: false };
    const safety = { limits: "off", learntFrom: "extremes", widenedBy: 0, given: {}, largestStep: null } as const;
    const how = { brokenAnswers: "refuse", chunking: "none", smoothing, safety, codec: "h264-lossless" } as const;
    const robots = recordableRobots(policy, how);
    const recorder = await Recorder.open({ folder, robots, queueBytes: 1 << 20, began: 1000, log: () => {} });
    const server = await startedFor(policy, { recorder, sessions: { ...plainSessions, smoothing } });
    const client = new Client(server, "/?seed=9");
    await client.next();
    const chunks: number[][] = [];
    for (const [step, changes] of [{}, {}, { act: false }, {}, { carried_out: 2 }, { reset: true }, {}].entries()) {
      const state = Float64Array.from(seenState, (value) => value + step / 50);
      const seen = { dtype: "<f8", shape: [2], bytes: new Uint8Array(state.buffer) };
      const reply = await client.ask(message({ "observation/state": seen, ...changes }));
      if (typeof reply !== "string" && reply.has("actions")) chunks.push(actionsOf(reply));
    }
    client.close();
    await client.closed;
    await server.stop();
    await recorder.close();
    policy.release();
    const root = join(folder, "reaching-joint");
    const replayed = await replayRecording(root, null, () => {});
    expect(replayed).toMatchObject({ sessions: 2, answers: 6, equal: 6, leftOut: 0, isSame: true });
    const dataset = await openDataset(root, {
      name: "root",
      episodes: "all",
      taskAnnotation: "declared",
      pictureMemoryBytes: 0,
    });
    const { cells } = (await dataset.table(0)).vector("action");
    await dataset.close();
    // What the robot was sent is what it carries out: at the third frame it goes on with the second chunk.
    const [first, second, third, fourth] = chunks;
    expect([...cells]).toEqual(
      [first, second]
        .flatMap((chunk) => chunk!.slice(0, 2))
        .concat(second!.slice(2, 4), third!.slice(0, 2), fourth!.slice(0, 2)),
    );
    await rm(folder, { recursive: true });
    await run.remove();
  },
);
