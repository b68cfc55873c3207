import { spawn } from "node:child_process";
import { hash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { loadLibav } from "../dataset/libav.ts";
import { inspectDataset } from "../dataset/read/validate.ts";
import { expectSameBits } from "../graph/testing/bits.ts";
import type { Definition } from "./definition.ts";
import { record } from "./record.ts";
import { root } from "./root.ts";
import { called, Page } from "./testing/called.ts";

const hasLibav = (await loadLibav()) !== null;
const scratch = await mkdtemp(join(tmpdir(), "armature-record-"));

afterAll(() => rm(scratch, { recursive: true }));

const commands: readonly Definition[] = [record];

const armature = (...words: readonly string[]) => called(commands, ["record", ...words]);

describe.skipIf(!hasLibav)("record", () => {
  it.skipIf(!existsSync("/proc/self"))("refuses a folder where there can be none, before any work", async () => {
    const { status, err } = await armature("--robot", "reacher", "--episodes", "1", "--out", "/proc/armature/reacher");
    expect(status).toBe(2);
    expect(err).toMatch(/^\/proc\/armature\/reacher: expected a folder that can be written, got .*; choose another\n$/);
  });

  it("makes a dataset that has nothing wrong with it, and says what is in it", async () => {
    const out = join(scratch, "arm");
    const { status, out: printed } = await armature("--robot", "arm", "--episodes", "2", "--out", out, "--json");
    expect(status).toBe(0);
    const json = JSON.parse(printed);
    expect(json).toMatchObject({ dataset: out, robot: "arm", version: "v3.0", seed: 0, episodes: 2, attempts: 2 });
    expect(json.expertSuccessRate).toBe(1);
    expect(json.simulatedSeconds).toBeCloseTo(json.frames / 10, 9);
    const report = await inspectDataset(out, "arm", () => {}, "ends");
    expect(report.problems).toEqual([]);
    expect(report.notes).toEqual([]);
    const { episodes, frames, dofs, states, robotType, cameras } = report;
    expect({ episodes, dofs, states, robotType }).toEqual({ episodes: 2, dofs: 7, states: 7, robotType: "arm" });
    expect(frames).toBe(json.frames);
    expect(cameras).toEqual(["observation.images.front", "observation.images.wrist"]);
    expect(report.tasks.every((task) => /cube .* (pad|circle)$/.test(task))).toBe(true);
  });

  it("sets a robot's options, in v2.1 too", async () => {
    const out = join(scratch, "reacher");
    const options = ["--set", "observation=state", "--set", "disturbance=0", "--version", "v2.1", "--seed", "7"];
    const { status } = await armature("--robot", "reacher", "--episodes", "2", "--out", out, ...options);
    expect(status).toBe(0);
    const { version, robotType, states, cameras } = await inspectDataset(out, "reacher", () => {}, "ends");
    expect({ version, robotType, states, cameras }).toEqual({
      version: "v2.1",
      robotType: "reacher_state",
      states: 4,
      cameras: [],
    });
  });

  it("loses at most the running episode where it is killed, and goes on to the same bytes", async () => {
    const [whole, killed] = [join(scratch, "whole"), join(scratch, "killed")];
    const words = (out: string) => ["--robot", "reacher", "--episodes", "60", "--out", out];
    expect((await armature(...words(whole))).status).toBe(0);
    const program = [join(root, "src/command/main.ts"), "record"];
    const child = spawn(process.execPath, [...program, ...words(killed)], { stdio: "ignore" });
    const state = join(killed, "meta/recording.json");
    const done = async () => (existsSync(state) ? JSON.parse(await readFile(state, "utf8")).episodes : 0);
    while ((await done()) < 3) await setTimeout(5);
    child.kill("SIGKILL");
    await once(child, "exit");
    const episodes = await done();
    expect(episodes).toBeLessThan(60);
    const again = await armature(...words(killed));
    expect(again.status).toBe(2);
    expect(again.err).toContain(`an interrupted recording of ${episodes} whole episodes; go on with --resume`);
    expect((await armature(...words(killed), "--resume")).status).toBe(0);
    expectSameBits("recording", await contents(killed), await contents(whole));
  });

  it("stops behind the running episode when it is asked to", async () => {
    const out = join(scratch, "stopped");
    const program = [join(root, "src/command/main.ts"), "record", "--robot", "pusher", "--episodes", "10000"];
    const child = spawn(process.execPath, [...program, "--out", out, "--json"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const printed = new Page();
    child.stdout.pipe(printed);
    while (!existsSync(join(out, "meta/info.json"))) await setTimeout(5);
    child.kill("SIGINT");
    const [status] = await once(child, "exit");
    expect(status).toBe(0);
    const json = JSON.parse(printed.text);
    expect(json.isInterrupted).toBe(true);
    const { episodes, problems } = await inspectDataset(out, "stopped", () => {}, "ends");
    expect({ episodes, problems }).toEqual({ episodes: json.episodes, problems: [] });
  });

  it.each([
    [
      "an unknown robot",
      ["--robot", "amr"],
      'expected one of reacher, pusher, arm, bimanual, gantry, got "amr"; did you mean "arm"?',
    ],
    ["an unknown option", ["--robot", "arm", "--set", "imagesize=64"], 'did you mean "imageSize"?'],
    [
      "an option out of range",
      ["--robot", "arm", "--set", "imageSize=4"],
      "imageSize: expected a number of at least 16, got 4",
    ],
    [
      "a seed that is no number",
      ["--robot", "arm", "--seed", "one"],
      '--seed: expected a whole number from 0, got "one"',
    ],
    ["a folder below a file", ["--robot", "arm", "--out", join(scratch, "file", "below")], "choose another"],
    ["a folder that is full", ["--robot", "arm", "--out", scratch], "expected a new or empty folder"],
    ["nothing to go on with", ["--robot", "arm", "--resume"], "expected an interrupted recording, got none"],
  ])("refuses %s in one line", async (_, words, message) => {
    await writeFile(join(scratch, "file"), "");
    const { status, out, err } = await armature("--episodes", "1", "--out", join(scratch, "unused"), ...words);
    expect({ status, out, lines: err.trim().split("\n").length }).toEqual({ status: 2, out: "", lines: 1 });
    expect(err).toContain(message);
    expect(existsSync(join(scratch, "unused"))).toBe(false);
  });
});

/** The hash of every file below a folder. */
async function contents(folder: string): Promise<Map<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = await Promise.all(paths.sort().map((path) => readFile(path)));
  return new Map(read.map((bytes, at) => [paths[at]!.slice(folder.length), hash("sha256", bytes)]));
}
