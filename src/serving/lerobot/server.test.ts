import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { actionsOf, message, Client as OpenpiClient, Served } from "../protocol/testing/served.ts";
import { exchange, recordedBytes } from "./testing/exchange.ts";
import {
  cellsInPickle,
  LerobotRobot,
  patient,
  pickled,
  recordedPieces,
  sessionActions,
  startedForLerobot,
  withoutCells,
} from "./testing/recorded-robot.ts";
import { decodeBytes, decodePiece, empty, encodeBytes, encodePiece } from "./wire.ts";

let served: Served;
beforeAll(async () => {
  served = await Served.start();
});
afterAll(() => served.stop());

describe("a robot that LeRobot's client drives", () => {
  it("is given the actions of a session of the same seed, to the bit, in the pickle that it reads", async () => {
    const server = await startedForLerobot(served);
    const robot = new LerobotRobot(server);
    expect(await robot.begins()).toEqual(empty);
    const first = await robot.asks();
    expect(cellsInPickle(first)).toEqual(await sessionActions(served, { seed: 41, seen: 1 }));
    expect(cellsInPickle(await robot.asks())).toEqual(await sessionActions(served, { seed: 41, seen: 2 }));
    // As LeRobot wrote it for other actions of the same time, step by step of 0.1 s.
    const theirs = Buffer.from(decodeBytes(recordedBytes(exchange.actions))).toString("latin1");
    expect(withoutCells(first)).toBe(withoutCells(theirs));
    robot.close();
    await server.stop();
  });

  it("begins anew with Ready, as a session that is reset; and is given no more steps than it wants", async () => {
    const server = await startedForLerobot(served);
    const robot = new LerobotRobot(server);
    await robot.begins();
    await robot.asks();
    const short = pickled.setup.replace("actions_per_chunk\x94K2", "actions_per_chunk\x94K\x02");
    await robot.begins(encodeBytes(Buffer.from(short, "latin1")));
    const again = cellsInPickle(await robot.asks());
    expect(again).toEqual((await sessionActions(served, { seed: 41, seen: 1, resets: 1 })).slice(0, 4));
    // Without saying its seed it has that of the server and of its connection, which is the first.
    await robot.begins(encodeBytes(Buffer.from(short.replace("?seed=41", "anything"), "latin1")));
    expect(cellsInPickle(await robot.asks())).toEqual((await sessionActions(served, { seed: 7, seen: 1 })).slice(0, 4));
    robot.close();
    await server.stop();
  });

  it("is answered as LeRobot's server answers: not twice for a step, nor for the same state, unless it must go", async () => {
    const server = await startedForLerobot(served);
    const robot = new LerobotRobot(server);
    await robot.begins();
    expect(cellsInPickle(await robot.asks(patient(0)))).toHaveLength(12);
    const begun = performance.now();
    expect(await robot.asks(patient(1))).toBe("");
    expect(performance.now() - begun).toBeGreaterThan(1900);
    // An answer that is waited for comes with the observation.
    const waiting = robot.call("getActions");
    await robot.send(recordedPieces);
    expect(decodeBytes(Buffer.from(await waiting)).length).toBeGreaterThan(1000);
    robot.close();
    await server.stop();
  });

  it("shares the policy with openpi's clients, and their metrics", async () => {
    const server = await startedForLerobot(served);
    const [robot, openpi] = [new LerobotRobot(server), new OpenpiClient(server, "/?seed=41")];
    await openpi.next();
    await robot.begins();
    const [one, other] = await Promise.all([robot.asks(), openpi.ask(message({}))]);
    expect(cellsInPickle(one)).toEqual(actionsOf(other));
    const page = await (await fetch(`http://127.0.0.1:${server.address.port}/metrics`)).text();
    expect(page).toContain('armature_requests_total{dataset="reaching",control_mode="joint"} 2');
    expect(page).toContain("armature_sessions 2");
    robot.close();
    openpi.close();
    await vi.waitFor(async () => {
      const after = await (await fetch(`http://127.0.0.1:${server.address.port}/metrics`)).text();
      expect(after).toContain("armature_sessions 0");
    }, 20_000);
    await server.stop();
  });

  it("sends an observation in pieces", async () => {
    const server = await startedForLerobot(served);
    const robot = new LerobotRobot(server);
    await robot.begins();
    const { data } = decodePiece(recordedPieces[0]!);
    const pieces = [0, 1, 2].map((at) => {
      const part = data.subarray(at * 400, at === 2 ? undefined : (at + 1) * 400);
      return encodePiece({ transferState: at + 1, data: part });
    });
    expect(cellsInPickle(await robot.asks(pieces))).toEqual(await sessionActions(served, { seed: 41, seen: 1 }));
    expect(await robot.asks(pieces.slice(0, 2))).toBe("3: observation: expected a piece at its end, got none");
    robot.close();
    await server.stop();
  });
});
