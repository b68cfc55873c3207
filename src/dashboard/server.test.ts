import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningDashboard, startDashboard } from "./server.ts";
import { SourceFolders } from "./source.ts";
import { ask, type HttpQuestion } from "./testing/asked.ts";

const event = (step: number) =>
  `{"kind":"step","step":${step},"loss":${10 - step},"gradientNorm":1,"learningRate":0.5}\n`;
const secret = "nobody reads this";

let place = "";
let server: RunningDashboard;
const faults: unknown[] = [];
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "armature-dashboard-"));
  for (const folder of ["given/a/run", "given/tricky", "outside/run"])
    await mkdir(join(place, folder), { recursive: true });
  await writeFile(join(place, "given/a/run/events.jsonl"), event(1) + event(2));
  await writeFile(join(place, "outside/secret"), `{"kind":"${secret}","step":1}\n`);
  await writeFile(join(place, "outside/run/events.jsonl"), event(7));
  await symlink(join(place, "outside/secret"), join(place, "given/tricky/events.jsonl"));
  await symlink(join(place, "outside/secret"), join(place, "given/tricky/recipe.json"));
  await symlink(join(place, "outside/run"), join(place, "given/linked"));
  await symlink(join(place, "given/a"), join(place, "given/inside"));
  const sources = await SourceFolders.open([join(place, "given")]);
  const assets = new Map([
    ["/index.html", { type: "text/html", bytes: async () => Buffer.from("the page") }],
    ["/assets/a.js", { type: "text/javascript", bytes: async () => Buffer.from("1") }],
    ["/worker/w.js", { type: "text/javascript", bytes: async () => Buffer.from("2") }],
  ]);
  server = await startDashboard({ sources, assets, host: "127.0.0.1", port: 0, failed: (error) => faults.push(error) });
});
afterAll(async () => {
  await server.close();
  await rm(place, { recursive: true });
  expect(faults).toEqual([]);
});

const at = (path: string, rest: Omit<HttpQuestion, "path"> = {}) => ask(server.url, { path, ...rest });

describe("what is served", () => {
  it("the page at every view, its files, and the JSON behind them", async () => {
    for (const path of ["/", "/training", "/training?run=a%2Frun", "/padding"])
      expect((await at(path)).text).toBe("the page");
    expect((await at("/assets/a.js")).headers["cache-control"]).toContain("immutable");
    const { runs } = JSON.parse((await at("/api/runs")).text);
    expect(runs.map(({ name, step }: { name: string; step: number }) => [name, step])).toEqual([
      ["a/run", 2],
      ["tricky", null],
    ]);
    const found = JSON.parse((await at("/api/runs/a%2Frun/events")).text);
    expect(found.steps).toEqual({ step: [1, 2], loss: [9, 8], gradientNorm: [1, 1], learningRate: [0.5, 0.5] });
  });

  it("every address that there is, at /api", async () => {
    const { addresses } = JSON.parse((await at("/api")).text);
    expect(addresses.map(({ path }: { path: string }) => path)).toContain("/api/runs/:run/events");
  });

  it("the head of an answer without its body to HEAD", async () => {
    const { status, text, headers } = await at("/api/runs", { method: "HEAD" });
    expect([status, text, headers["content-type"]]).toEqual([200, "", "application/json; charset=utf-8"]);
  });
});

describe("what is refused", () => {
  it.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])("%s, as the dashboard only reads", async (method) => {
    const { status, headers } = await at("/api/runs", { method });
    expect([status, headers.allow]).toEqual([405, "GET, HEAD"]);
  });

  it.each([
    "evil.example",
    "evil.example:80",
    "127.0.0.1.evil.example",
    "192.168.1.5:80",
    "localhost@evil.example",
    "[::1",
  ])('a request to "%s", which may be a name that was pointed here', async (host) => {
    const { status, text } = await at("/api/runs", { headers: { host } });
    expect([status, text.includes("a/run")]).toEqual([421, false]);
  });

  it.each(["localhost:99", "LOCALHOST", "127.0.0.1", "[::1]:5", "127.8.9.1"])("nothing asked of %s", async (host) => {
    expect((await at("/api/runs", { headers: { host } })).status).toBe(200);
  });

  it.each([
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: "http://localhost:1" },
    { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
    { "sec-fetch-site": "same-site", "sec-fetch-mode": "cors" },
  ])("what a page of another origin asks: %j", async (headers) => {
    const { status, text } = await at("/api/runs", { headers });
    expect([status, text.includes("a/run")]).toEqual([403, false]);
  });

  it("nothing of its own page, nor a link to it from elsewhere", async () => {
    const { host } = new URL(server.url);
    for (const headers of [
      { origin: `http://${host}`, "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" },
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" },
      { "sec-fetch-site": "none", "sec-fetch-mode": "navigate" },
    ])
      expect((await at("/training", { headers })).status, JSON.stringify(headers)).toBe(200);
  });

  it.each([
    "/../../../etc/passwd",
    "/assets/../../secret",
    "/assets/%2e%2e/%2e%2e/outside/secret",
    "/..%2f..%2foutside%2fsecret",
    "//outside/secret",
    "/api/runs/..%2Foutside%2Frun/events",
    "/api/runs/%2e%2e%2foutside%2frun",
    "/api/runs/a%2Frun%2F..%2F..%2F..%2Foutside%2Frun/events",
    "/api/runs/a%252Frun/events",
    "/api/runs/a/run/events",
    "/api/runs/a%2Frun%00/events",
    "/api/runs/linked/events",
    "/api/runs/outside%2Frun/events",
    "/api/live?run=..%2Foutside%2Frun",
    "/api/live?run=linked",
  ])("%s, which is outside of what was given", async (path) => {
    const { status, text } = await at(path);
    expect(status).toBe(404);
    expect(text).not.toContain(secret);
    expect(text).not.toMatch(/"step":\[/);
  });

  it("an address that is no UTF-8", async () => {
    expect((await at("/api/runs/%ff/events")).status).toBe(400);
    expect((await at("/api/runs/%/events")).status).toBe(400);
  });

  it("a run's file that is a link out of what was given; the list says it, and reads nothing of it", async () => {
    const { status, text } = await at("/api/runs/tricky/events");
    expect([status, JSON.parse(text).error]).toEqual([
      403,
      "events.jsonl: expected a file of the folders given, got a link that leads out of them",
    ]);
    const list = await at("/api/runs");
    expect(list.text).toContain("got a link that leads out of them");
    expect(list.text).not.toContain(secret);
    expect(list.text).not.toContain("linked");
  });
});

it("follows the others where a run's log is a link out of what was given, and says it of that run", async () => {
  const response = await fetch(`${server.url}/api/live?run=tricky&run=a%2Frun`);
  let text = "";
  for await (const bytes of response.body!) {
    text += Buffer.from(bytes).toString("utf8");
    if (text.split("\n\n").length > 2) break;
  }
  const parts = text.split("\n\n").slice(0, 2);
  const [one, other] = parts.map((part) => JSON.parse(part.replace("event: part\ndata: ", "")));
  // In the order of their names.
  expect([one.run, one.steps.step, one.problems]).toEqual(["a/run", [1, 2], []]);
  expect([other.run, other.steps.step, other.problems]).toEqual([
    "tricky",
    [],
    ["events.jsonl: expected a file of the folders given, got a link that leads out of them"],
  ]);
});

it("waits for whoever reads slowly without keeping what it waited for", async () => {
  const warnings: string[] = [];
  const warned = (warning: Error) => void warnings.push(warning.message);
  process.on("warning", warned);
  // Each run's first part is more than the socket takes at once.
  const names = Array.from({ length: 12 }, (_, run) => `long-${run}`);
  for (const name of names) {
    await mkdir(join(place, "given", name));
    await writeFile(
      join(place, "given", name, "events.jsonl"),
      Array.from({ length: 2000 }, (_, step) => event(step)),
    );
  }
  const response = await fetch(`${server.url}/api/live?${names.map((name) => `run=${name}`).join("&")}`);
  const found = new Set<string>();
  const decoder = new TextDecoder();
  let tail = "";
  for await (const bytes of response.body!) {
    const text = tail + decoder.decode(bytes, { stream: true });
    for (const [, run] of text.matchAll(/"run":"(long-\d+)"/g)) found.add(run!);
    tail = text.slice(-40);
    if (found.size === names.length) break;
  }
  for (const name of names) await rm(join(place, "given", name), { recursive: true });
  process.off("warning", warned);
  expect(warnings).toEqual([]);
});

it("lets no other origin read, frame or embed an answer, and no inline script run", async () => {
  for (const path of ["/", "/assets/a.js", "/api/runs", "/nothing/here.js"]) {
    const { headers } = await at(path);
    expect(headers["access-control-allow-origin"], path).toBeUndefined();
    expect(headers["content-security-policy"], path).toMatch(
      /default-src 'none'; script-src 'self';.*frame-ancestors 'none'/,
    );
    expect(headers["content-security-policy"], path).not.toContain("unsafe");
    expect(headers["cross-origin-resource-policy"], path).toBe("same-origin");
    expect(headers["x-content-type-options"], path).toBe("nosniff");
  }
});

it("lets the worker alone compile, and lets it fetch from this server alone", async () => {
  const { headers, text } = await at("/worker/w.js");
  expect(text).toBe("2");
  expect(headers["content-security-policy"]).toBe(
    "default-src 'none'; script-src 'self' 'unsafe-eval'; connect-src 'self'",
  );
  expect(headers["cross-origin-resource-policy"]).toBe("same-origin");
  expect(headers["cache-control"]).toContain("immutable");
});
