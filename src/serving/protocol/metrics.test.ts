import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { jsonLog } from "./log.ts";
import { ServerMetrics } from "./metrics.ts";
import { readPage } from "./testing/prometheus-page.ts";
import { Client, message, Served, startedFor, timesOf } from "./testing/served.ts";

let served: Served;
beforeAll(async () => {
  served = await Served.start();
});
afterAll(() => served.stop());

describe("what a server says of itself to Prometheus", () => {
  it("is how long each stage took, and what was changed, dof by dof", () => {
    const [robot] = served.policy.robots;
    const metrics = new ServerMetrics([robot!]);
    const safe = { actions: [], clamped: [2, 0], slowed: [0, 5] };
    const times = { came: 1000, begun: 1003, asked: 1004, answered: 1064, sent: 1064.5 };
    metrics.answered(robot!, safe, { times, isLate: true });
    metrics.batch(2);
    metrics.sessions(1);
    const page = readPage(metrics.text());
    const of = (name: string, labels: string) => page.get(`${name}{dataset="reaching",control_mode="joint"${labels}}`);
    expect(of("armature_clamped_actions_total", ',dof="shoulder"')).toBe(2);
    expect(of("armature_clamped_actions_total", ',dof="elbow"')).toBe(0);
    expect(of("armature_slowed_actions_total", ',dof="elbow"')).toBe(5);
    expect(of("armature_late_replies_total", "")).toBe(1);
    const sum = (stage: string) => page.get(`armature_stage_seconds_sum{stage="${stage}"}`);
    expect(["wait", "read", "policy", "send", "whole"].map(sum)).toEqual([0.003, 0.001, 0.06, 0.0005, 0.0645]);
    expect(page.get('armature_stage_seconds_bucket{stage="policy",le="0.05"}')).toBe(0);
    expect(page.get('armature_stage_seconds_bucket{stage="policy",le="0.1"}')).toBe(1);
    expect(page.get('armature_batch_robots_bucket{policy="act",le="1"}')).toBe(0);
    expect(page.get('armature_batch_robots_bucket{policy="act",le="2"}')).toBe(1);
    expect(page.get("armature_sessions")).toBe(1);
  });

  it("is of each answer, which is late only after its deadline, and a note only where it is no chunk", async () => {
    let looks = 0;
    const lines: string[] = [];
    const clock = { now: () => 10 * looks++, log: (line: string) => void lines.push(line) };
    const own = await startedFor(served.policy, { ...clock, deadlineMs: 1000 });
    const client = new Client(own, "/");
    await client.next();
    const timing = timesOf(await client.ask(message({})), "policy_timing");
    const page = readPage(await (await fetch(`http://127.0.0.1:${own.address.port}/metrics`)).text());
    client.close();
    await own.stop();
    // Nobody looks at the clock while the policy computes.
    expect(timing.get("infer_ms")).toBe(10);
    expect(page.get('armature_stage_seconds_sum{stage="policy"}')).toBe(0.01);
    expect(page.get('armature_late_replies_total{dataset="reaching",control_mode="joint"}')).toBe(0);
    expect(lines.filter((line) => line.includes("no chunk"))).toEqual([]);
  });

  it("is on a page beside its other ones: what was answered, what was refused and why, and who is there", async () => {
    const limits = { low: Float64Array.of(0.3, -99), high: Float64Array.of(0.3, 99) };
    const own = await startedFor(served.policy, {
      rules: () => ({ outside: "clamp", limits, largestStep: null }),
      apiKeys: ["secret"],
    });
    const authorization = "Api-Key secret";
    const [good, bad] = [0, 1].map(() => new Client(own, "/", { headers: { authorization } }));
    await new Client(own, "/").closed;
    await Promise.all([good!.next(), bad!.next()]);
    await good!.ask(message({}));
    await good!.ask(message({}));
    await bad!.ask(message({ prompt: 5 }));
    await bad!.closed;
    const at = `http://127.0.0.1:${own.address.port}/metrics`;
    expect((await fetch(at)).status).toBe(401);
    // The server hears of the end of a connection after its client.
    await vi.waitFor(async () =>
      expect(await (await fetch(at, { headers: { authorization } })).text()).toContain("armature_sessions 1\n"),
    );
    const answer = await fetch(at, { headers: { authorization } });
    expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const page = readPage(await answer.text());
    const robot = 'dataset="reaching",control_mode="joint"';
    expect(page.get(`armature_requests_total{${robot}}`)).toBe(2);
    expect(page.get('armature_errors_total{kind="request"}')).toBe(1);
    expect(page.get('armature_errors_total{kind="key"}')).toBe(1);
    expect(page.get('armature_errors_total{kind="not-finite"}')).toBe(0);
    // Two chunks of six steps, none of them at 0.3.
    expect(page.get(`armature_clamped_actions_total{${robot},dof="shoulder"}`)).toBe(12);
    expect(page.get(`armature_clamped_actions_total{${robot},dof="elbow"}`)).toBe(0);
    expect(page.get('armature_stage_seconds_count{stage="whole"}')).toBe(2);
    expect(page.get('armature_batch_robots_sum{policy="act"}')).toBe(2);
    expect(page.get("armature_sessions")).toBe(1);
    good!.close();
    await own.stop();
  });
});

describe("a log in JSON", () => {
  it("has an object on each line: when, what, for which connection, and in words", async () => {
    const lines: string[] = [];
    const own = await startedFor(served.policy, {
      log: jsonLog(
        (line) => lines.push(line),
        () => 0,
      ),
    });
    const client = new Client(own, "/");
    await client.next();
    await client.ask(message({ prompt: 5 }));
    await client.closed;
    await vi.waitFor(() => expect(lines).toHaveLength(4));
    await own.stop();
    const events = lines.map((line): unknown => JSON.parse(line));
    const time = "1970-01-01T00:00:00.000Z";
    expect(events[0]).toEqual({ time, event: "listening", text: `listening on ws://127.0.0.1:${own.address.port}` });
    expect(events[1]).toMatchObject({ time, event: "connected", connection: 0 });
    const text = 'connection 0: "prompt": expected a text, or its tokens as whole numbers [n], got a number';
    expect(events[2]).toEqual({ time, event: "refused", connection: 0, kind: "request", text });
    expect(events[3]).toEqual({ time, event: "closed", connection: 0, text: "connection 0: closed with 1011" });
  });
});
