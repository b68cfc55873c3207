import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { encodeObservation } from "../../client/observation.ts";
import { PolicyClient } from "../../client/policy-client.ts";
import { Served, servedLimits, startedFor } from "../../src/serving/protocol/testing/served.ts";
import { attacks } from "./attack.ts";
import { carryOut, type Fate } from "./carry-out.ts";
import { Healthy, observationFor } from "./healthy.ts";

let served: Served;
beforeAll(async () => {
  served = await Served.start();
});
afterAll(() => served.stop());

it("hostile clients are refused one by one, and a robot that behaves gets every answer, to the bit", async () => {
  const lines: string[] = [];
  const limits = { ...servedLimits, connections: 8 };
  const server = await startedFor(served.policy, { limits, log: (line) => lines.push(line) });
  const { port } = server.address;
  const client = await PolicyClient.connect(`ws://127.0.0.1:${port}/?seed=5`);
  const observation = observationFor(client.metadata);
  const valid = encodeObservation(observation, client.metadata, { acts: true, course: null });
  const drawn = fc.sample(attacks(valid, servedLimits.messageBytes), { numRuns: 200, seed: 1 });
  const fates = new Map<string, Fate[]>();
  const { ms, failures } = await new Healthy(client).during(async () => {
    for (const attack of drawn) {
      const fate = await carryOut(attack, port);
      fates.set(attack.name, [...(fates.get(attack.name) ?? []), fate]);
    }
  });
  expect({ failures, hasAnswers: ms.length > 10 }).toEqual({ failures: 0, hasAnswers: true });
  // What cannot be a question is never answered.
  for (const name of ["a text", "random bytes", "cut short", "deeper than allowed", "a length that is not there"])
    expect(new Set(fates.get(name)), name).toEqual(new Set(["refused"]));
  expect(new Set(fates.get("larger than allowed"))).toEqual(new Set(["closed"]));
  // A mistake of the server would be said as one.
  expect(lines.filter((line) => line.includes("\n    at "))).toEqual([]);

  const { actions } = await client.infer({ ...observation, reset: true });
  const alone = await startedFor(served.policy, {});
  const other = await PolicyClient.connect(`ws://127.0.0.1:${alone.address.port}/?seed=5`);
  await other.infer(observation);
  expect(actions).toEqual((await other.infer({ ...observation, reset: true })).actions);
  for (const each of [client, other]) each.close();
  for (const each of [server, alone]) await each.stop();
}, 120_000);
