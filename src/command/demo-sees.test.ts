import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { demo } from "./demo.ts";
import { called } from "./testing/called.ts";

it("shows the goal in pictures and says nothing of it in the state, where robots are to see", async () => {
  const folder = await mkdtemp(join(tmpdir(), "armature-demo-sees-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const small = ["--steps", "2", "--episodes", "3", "--starts", "1"];
  const { status, out, err } = await called([demo], ["demo", "--sees", "--out", folder, ...small, "--json"]);
  if (status !== 0) throw new Error(err);
  const { rollouts, audit } = JSON.parse(out);
  const robots = rollouts.map(({ robot }: { robot: string }) => robot);
  expect([robots, audit.clean]).toEqual([["reacher", "pusher", "arm"], true]);
  const shapes = await Promise.all(
    robots.map(async (robot: string) => {
      const { features } = JSON.parse(await readFile(join(folder, "data", robot, "meta/info.json"), "utf8"));
      const pictures = Object.keys(features).filter((key) => key.startsWith("observation.images."));
      return [features["observation.state"].shape, pictures.map((key) => features[key].shape)];
    }),
  );
  const picture = [48, 48, 3];
  expect(shapes).toEqual([
    [[2], [picture]],
    [[3], [picture]],
    [[7], [picture, picture]],
  ]);
  // As many threads and programs as the other demo has, and an audit in each shape.
}, 240_000);
