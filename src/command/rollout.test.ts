import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { reachingRecipe } from "../serving/testing/reaching.ts";
import { type MicroRun, trainMicroRun } from "../training/testing/micro-run.ts";
import type { Definition } from "./definition.ts";
import { rollout } from "./rollout.ts";
import { called } from "./testing/called.ts";

const commands: readonly Definition[] = [rollout];
let trained: MicroRun;
let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "armature-rollout-command-"));
  trained = await trainMicroRun(reachingRecipe, 1);
});
afterAll(async () => {
  await rm(place, { recursive: true });
  await trained.remove();
});

const armature = (...words: readonly string[]) => called(commands, ["rollout", ...words]);

const asked = (robot: string, ...more: string[]) =>
  [trained.folder, "--robot", robot, "--episodes", "3", "--set", "imageSize=16", ...more] as const;

describe("rollout", () => {
  it("prints the same object twice, to the bit, with the seed and every episode", async () => {
    const [one, other] = [await armature(...asked("reacher", "--json")), await armature(...asked("reacher", "--json"))];
    expect(one.status).toBe(0);
    expect(other.out).toBe(one.out);
    const json = JSON.parse(one.out);
    expect(json).toMatchObject({
      robot: "reacher",
      episodes: 3,
      seed: 1000,
      successes: 0,
      successRate: 0,
      isMet: true,
    });
    // Wilson's bound of none of three: z² / (3 + z²).
    expect(json.interval[0]).toBe(0);
    expect(json.interval[1]).toBeCloseTo(3.8415 / 6.8415, 4);
    expect(json.rollouts.map(({ episode }: { episode: number }) => episode)).toEqual([0, 1, 2]);
    expect(new Set(json.rollouts.map(({ digest }: { digest: string }) => digest)).size).toBe(3);
  });

  it("ends with status 1 where fewer succeed than asked for, and films the first", async () => {
    const folder = join(place, "films");
    const missed = await armature(...asked("reacher", "--at-least", "0.5", "--video", folder, "--filmed", "1"));
    expect(missed.status).toBe(1);
    expect(missed.out).toMatch(
      /^reacher: 0 of 3 succeeded, 0 % \(95 % interval 0 % to 56\.\d %\)\n.*seed 1000, episodes 0 to 2/,
    );
    expect(missed.out).toContain("the bar of 50 % is missed");
    expect(await readdir(folder)).toEqual(["reacher-000.mp4"]);
    expect((await armature(...asked("reacher", "--at-least", "0"))).status).toBe(0);
  });

  it.each([
    ["an unknown robot", ["recher"], 'got "recher"; did you mean "reacher"?'],
    [
      "a robot of other dofs and control mode",
      ["pusher"],
      "control mode ee, not joint, dofs 3 (x y yaw), not 2 (shoulder elbow)",
    ],
    [
      "a robot of other cameras",
      ["arm"],
      "camera observation.images.front, observation.images.wrist, not observation.images.top",
    ],
    [
      "a robot that is told what this one sees",
      ["reacher", "--set", "observation=state"],
      'observation: expected "pictures"',
    ],
    ["a rate that is none", ["reacher", "--at-least", "70"], '--at-least: expected a number from 0 to 1, got "70"'],
    [
      "more steps than a chunk has",
      ["reacher", "--execute", "7"],
      "at most the 6 steps of a chunk together, got 7 + 0",
    ],
    ["a dataset that the policy does not know", ["reacher", "--dataset", "x"], "it knows: reaching"],
    ["a folder below a file", ["reacher", "--video", import.meta.filename], "expected a folder that can be written"],
    ...(existsSync("/proc/self")
      ? [
          ["a folder where there can be none", ["reacher", "--video", "/proc/armature/films"], "choose another"] as [
            string,
            string[],
            string,
          ],
        ]
      : []),
  ])("refuses %s in one line, before any work", async (_, [robot = "", ...words], message) => {
    const { status, out, err } = await armature(...asked(robot, ...words));
    expect({ status, out, lines: err.trim().split("\n").length }).toEqual({ status: 2, out: "", lines: 1 });
    expect(err).toContain(message);
  });

  it("tells in one line of a film that cannot be written", async () => {
    const folder = join(place, "taken");
    await mkdir(join(folder, "reacher-000.mp4"), { recursive: true });
    const { status, err } = await armature(...asked("reacher", "--video", folder));
    expect(status).toBe(2);
    expect(err).toMatch(/taken\/reacher-000\.mp4: expected a film that can be written, got .+\n$/);
  });

  it("refuses a folder that is no run", async () => {
    const { status, err } = await armature(place, "--robot", "reacher", "--episodes", "1");
    expect(status).toBe(2);
    expect(err).toContain("expected a run");
  });
});
