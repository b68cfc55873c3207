import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadLibav } from "../dataset/libav.ts";
import { write } from "../dataset/testing/toy-recording.ts";
import { HostArray } from "../graph/host-array.ts";
import { rulesOf } from "../serving/action-rules.ts";
import { guarded } from "../serving/guard.ts";
import { loadPolicy } from "../serving/load.ts";
import { Recorder } from "../serving/recording/recorder.ts";
import { recordableRobots } from "../serving/recording/recording-source.ts";
import { SessionRecording } from "../serving/recording/session-recording.ts";
import { plainSessions, ServedSession } from "../serving/served-session.ts";
import { reachingRecipe } from "../serving/testing/reaching.ts";
import { type MicroRun, trainMicroRun } from "../training/testing/micro-run.ts";
import { replay } from "./replay.ts";
import { called } from "./testing/called.ts";

const hasLibav = (await loadLibav()) !== null;
let trained: MicroRun;
let other: MicroRun;
let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "armature-replay-"));
  trained = await trainMicroRun(reachingRecipe, 1);
  other = await trainMicroRun(reachingRecipe, 2);
  if (hasLibav) await recorded(join(place, "recordings"));
});
afterAll(async () => {
  await rm(place, { recursive: true });
  await trained.remove();
  await other.remove();
});

const safety = { limits: "clamp", learntFrom: "extremes", widenedBy: 0.1, given: {}, largestStep: null } as const;

/** Two sessions of four frames, recorded as a server does it; the second lies in two episodes of the dataset. */
async function recorded(folder: string): Promise<void> {
  const policy = await loadPolicy(trained.folder, { robots: 1, machine: "as trained" });
  const robots = recordableRobots(policy, {
    brokenAnswers: "refuse",
    chunking: "none",
    safety,
    codec: "h264-lossless",
  });
  const recorder = await Recorder.open({ folder, robots, queueBytes: 1 << 20, began: 1000, log: () => {} });
  const [robot] = policy.robots;
  for (const number of [0, 1]) {
    const recording = new SessionRecording({ recorder, session: number, robot: 0 });
    const session = new ServedSession(policy, policy.session(robot!, { seed: number }), plainSessions, recording);
    for (let frame = 0; frame < 4; frame++) {
      const camera = new HostArray("h w c", [16, 16, 3], "uint8", new Uint8Array(768).fill(40 * frame));
      const observation = { state: [frame / 30, number / 7], pictures: { camera } };
      session.see({ observation, prompt: "reach", begins: false, lastStep: null }, { ms: 0, time: 2 });
      const asked = session.ask(session.question(), { delay: null, carriedOut: null });
      const [chunk] = await policy.act([asked.request]);
      const { actions } = guarded(chunk!.actions, observation.state, {
        robot: robot!,
        rules: rulesOf(robot!, safety),
      });
      session.answered(asked, { chunk: chunk!, actions, sentSteps: actions.length, tookMs: 1 });
      if (number === 1 && frame === 0) recorder.end(number);
    }
    session.end();
  }
  await recorder.close();
  policy.release();
}

const armature = (...words: readonly string[]) => called([replay], ["replay", ...words]);

describe.skipIf(!hasLibav)("replay", () => {
  it("finds what the same run answered equal to the bit, also where a session lies in several episodes", async () => {
    const { status, out } = await armature(join(place, "recordings"), "--json");
    expect(status).toBe(0);
    const { isEqual, recordings } = JSON.parse(out);
    expect(isEqual).toBe(true);
    expect(recordings).toHaveLength(1);
    expect(recordings[0]).toMatchObject({ sessions: 2, answers: 8, equal: 8, refused: 0, leftOut: 0, isSame: true });
    expect(recordings[0].dofs.map(({ name }: { name: string }) => name)).toEqual(["shoulder", "elbow"]);
  });

  it("tells how far another run is, dof by dof, with status 1", async () => {
    const folder = join(place, "recordings", "reaching-joint");
    const { status, out } = await armature(folder, "--run", other.folder);
    expect(status).toBe(1);
    expect(out).toMatch(/0 of 8 answers of 2 episodes are equal to the bit/);
    expect(out).toMatch(/\nshoulder +\S+ +\d+ +\S+ +\S+ +\S+ +\S+\n/);
    const json = JSON.parse((await armature(folder, "--run", other.folder, "--json")).out);
    const [shoulder] = json.recordings[0].dofs;
    expect(json.recordings[0].isSame).toBe(false);
    expect(shoulder.greatest).toBeGreaterThanOrEqual(shoulder.mean);
    expect(shoulder.differing).toBeGreaterThan(0);
  });

  it("says in one line where there is no recording of a server", async () => {
    const empty = join(place, "empty");
    await mkdir(empty);
    for (const folder of [empty, join(place, "nowhere")]) {
      const { status, err } = await armature(folder);
      expect(status).toBe(2);
      expect(err).toContain(`${folder}: expected a recording of "serve --record", or a folder of them, got none`);
    }
    const demonstrations = join(place, "demonstrations");
    await write(demonstrations, "v3.0", 1);
    const { status, err } = await armature(demonstrations);
    expect([status, err.trim().split("\n").length]).toEqual([2, 1]);
    expect(err).toContain("meta/recording.json");
  });
});
