import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { reachingRecipe } from "../serving/testing/reaching.ts";
import { type MicroRun, trainMicroRun } from "../training/testing/micro-run.ts";
import { run } from "./run.ts";
import { serve } from "./serve.ts";

let trained: MicroRun;
let place = "";
beforeAll(async () => {
  trained = await trainMicroRun(reachingRecipe, 1);
  place = await mkdtemp(join(tmpdir(), "armature-serve-"));
  // Weights of the right size that are none: whoever reads them says so.
  const checkpoint = join(trained.folder, "checkpoints/000001");
  for (const name of await readdir(checkpoint)) {
    if (!name.endsWith(".safetensors")) continue;
    const { size } = await stat(join(checkpoint, name));
    await writeFile(join(checkpoint, name), new Uint8Array(size));
  }
});
afterAll(async () => {
  await trained.remove();
  await rm(place, { recursive: true });
});

class Page extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

async function served(...words: string[]) {
  const [out, err] = [new Page(), new Page()];
  const status = await run([serve], ["serve", trained.folder, "--port", "0", ...words], { out, err });
  return { status, err: err.text };
}

const file = async (name: string, text: string) => {
  await writeFile(join(place, name), text);
  return join(place, name);
};

describe("serve reads no weights and listens nowhere", () => {
  it.each<[string, string, () => Promise<readonly string[]> | readonly string[]]>([
    [
      "smooths what goes on",
      "--smooth: expected --chunking none with it",
      () => ["--smooth", "0", "--chunking", "guided"],
    ],
    [
      "freezes without maxDelay",
      "expected a policy that was trained with policy.maxDelay",
      () => ["--chunking", "frozen"],
    ],
    ["has no chunks to go on", "--horizon, --delay: expected --chunking with them", () => ["--delay", "2"]],
    [
      "carries out more than a chunk",
      "--horizon: expected at most the 6 steps of a chunk",
      () => ["--chunking", "guided", "--horizon", "7"],
    ],
    [
      "limits no dof of its robots",
      "--limits-file: expected dofs of the policy's robots",
      async () => ["--limits-file", await file("limits", '{"knee": [0, 1]}')],
    ],
    [
      "says how to record, and records nothing",
      "--record-pictures: expected --record with it",
      () => ["--record-pictures", "small"],
    ],
    [
      "measures what changes nothing",
      "--measure-on: expected --weights int8 or bf16 with it",
      () => ["--measure-on", place],
    ],
    [
      "measures no samples",
      "--measure-on: expected --weight-samples above 0",
      () => ["--measure-on", place, "--weights", "int8", "--weight-samples", "0"],
    ],
    [
      "has two servers on one port",
      "--lerobot-port: expected another port than --port, got 8001",
      () => ["--port", "8001", "--lerobot-port", "8001"],
    ],
    ["has a port that is none", '--port: expected a port from 0 to 65535, got "70000"', () => ["--port", "70000"]],
    ["has keys of nobody", "--keys: expected own, ", () => ["--keys", "nobody"]],
    [
      "has a certificate that is none",
      "--tls-cert, --tls-key: expected a certificate in PEM",
      async () => ["--tls-cert", await file("cert", "x"), "--tls-key", await file("key", "x")],
    ],
    [
      "records into a file",
      "--record: expected a folder that can be written",
      async () => ["--record", await file("taken", "")],
    ],
  ])("where it %s", async (_, problem, words) => {
    const { status, err } = await served(...(await words()));
    expect(err).toContain(problem);
    expect([status, err.trim().split("\n").length]).toEqual([2, 1]);
  });

  it("where its weights are damaged, which it says where nothing else is wrong", async () => {
    const { status, err } = await served();
    expect(status).toBe(2);
    expect(err).toContain("the file is damaged");
  });
});
