import { afterAll, beforeAll, expect, it } from "vitest";
import { readPage } from "./testing/prometheus-page.ts";
import { Client, Served, servedLimits, startedFor } from "./testing/served.ts";

let served: Served;
beforeAll(async () => {
  served = await Served.start();
});
afterAll(() => served.stop());

it("what a server is shown before it listens is neither counted nor logged, and takes nobody's place, rate or noise", async () => {
  const lines: string[] = [];
  const limits = { ...servedLimits, connections: 1, perSecond: 1 };
  const server = await startedFor(served.policy, { limits, log: (line) => lines.push(line) });
  expect(lines).toEqual([`listening on ws://127.0.0.1:${server.address.port}`]);
  const page = readPage(await (await fetch(`http://127.0.0.1:${server.address.port}/metrics`)).text());
  expect(page.get("armature_sessions")).toBe(0);
  expect([...page.keys()].filter((name) => name.includes("requests_total") && page.get(name) !== 0)).toEqual([]);
  const client = new Client(server, "");
  await client.next();
  expect(lines[1]).toMatch(/^connection 0: acts for /);
  client.close();
  await server.stop();
});

it("a server whose keys fit no frame of its robot says so before it listens", async () => {
  const keys = () => ({ state: [], pictures: {}, prompt: "prompt" });
  await expect(startedFor(served.policy, { keys })).rejects.toThrow("expected a state of 2 entries, got 0");
});
