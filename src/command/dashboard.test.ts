import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { root } from "./root.ts";

let place = "";
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "armature-dashboard-"));
  await writeFile(join(place, "events.jsonl"), '{"kind":"step","step":4,"loss":1,"gradientNorm":1,"learningRate":1}\n');
});
afterAll(() => rm(place, { recursive: true }));

function dashboard(...words: string[]) {
  const child = spawn(process.execPath, [join(root, "src/command/main.ts"), "dashboard", ...words], { cwd: place });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, ended };
}

it("says where it listens, serves its page and what was named, and ends when it is asked to", async () => {
  const { child, ended } = dashboard(place, "--port", "0", "--json");
  const out = text(child.stdout);
  let said = "";
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.on("data", (chunk) => {
      said += String(chunk);
      const found = /^dashboard at (http:\/\/127\.0\.0\.1:\d+)$/m.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new Error(said)));
  });
  const page = await (await fetch(url)).text();
  const script = /<script type="module"[^>]* src="(\/assets\/[^"]+\.js)"/.exec(page)?.[1] ?? "";
  expect((await fetch(url + script)).headers.get("content-type")).toContain("javascript");
  expect(await (await fetch(`${url}/api/runs`)).json()).toMatchObject({ runs: [{ step: 4 }] });
  child.kill("SIGINT");
  expect(await ended).toBe(0);
  expect(JSON.parse(await out)).toEqual({ url });
});

it("says in one line that there is nothing to show", async () => {
  const { child, ended } = dashboard();
  expect(await text(child.stderr)).toBe(
    'dashboard: expected folders, or runs/ here, got neither; "./armature demo" makes a run\n',
  );
  expect(await ended).toBe(2);
});
