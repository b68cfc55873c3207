import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningServer } from "../protocol/server.ts";
import { Served, servedLimits } from "../protocol/testing/served.ts";
import { exchange, recordedBytes } from "./testing/exchange.ts";
import {
  cellsInPickle,
  inOnePiece,
  LerobotRobot,
  patient,
  pickled,
  recordedPieces,
  sessionActions,
  startedForLerobot,
} from "./testing/recorded-robot.ts";
import { empty, encodeBytes, encodePiece } from "./wire.ts";

let served: Served;
beforeAll(async () => {
  served = await Served.start();
});
afterAll(() => served.stop());

describe("what is refused", () => {
  let server: RunningServer;
  const lines: string[] = [];
  beforeAll(async () => {
    server = await startedForLerobot(served, {
      log: (line) => lines.push(line),
      limits: { ...servedLimits, connections: 20 },
    });
  });
  afterAll(() => server.stop());

  it.each([
    ["os.system", "\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R.", 'got "posix.system"; it is not executed'],
    ["a GLOBAL", "\x80\x04cos\nsystem\n.", "got GLOBAL at byte 2; it is not executed"],
    ["a BUILD", "\x80\x04}}b.", "expected a state of an object that has one"],
    ["deep nests", `\x80\x04${"]".repeat(100)}${"a".repeat(99)}.`, "expected values within 32 others"],
    ["huge lengths", "\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.", "more bytes at byte 11, got 1"],
    ["what is cut short", pickled.observation.slice(0, 500), "it is cut short"],
    ["a config in place of an observation", pickled.setup, "TimedObservation"],
  ])("%s, in one line, and the same robot and others go on", async (_, pickle, reason) => {
    const [robot, healthy] = [new LerobotRobot(server), new LerobotRobot(server)];
    await Promise.all([robot.begins(), healthy.begins()]);
    const [refusal, actions] = await Promise.all([robot.asks(inOnePiece(pickle)), healthy.asks()]);
    expect(refusal).toContain(reason);
    expect(refusal).toMatch(/^3: pickle: expected [^\n]+$/);
    expect(lines.some((line) => line.includes(reason))).toBe(true);
    expect(cellsInPickle(actions)).toEqual(await sessionActions(served, { seed: 41, seen: 1 }));
    // The observation that was refused is owed: the next is answered though it need not be.
    expect(cellsInPickle(await robot.asks(patient(0)))).toEqual(await sessionActions(served, { seed: 41, seen: 1 }));
    robot.close();
    healthy.close();
  });

  it("what is no message, and no piece", async () => {
    const robot = new LerobotRobot(server);
    await robot.begins();
    expect(await robot.send([Buffer.from([0xff, 0xff])])).toBe(
      "3: message: expected one of LeRobot's, got 2 bytes that are none",
    );
    expect(await robot.call("sendPolicyInstructions", Buffer.from([0x0a, 9]))).toContain(
      "3: message: expected one of LeRobot's",
    );
    expect(await robot.send([encodePiece({ transferState: 7, data: empty })])).toContain("got state 7");
    expect(await robot.send([])).toContain("expected a piece at its end, got none");
    robot.close();
  });

  it("calls out of their order", async () => {
    const robot = new LerobotRobot(server);
    expect(await robot.call("sendPolicyInstructions", recordedBytes(exchange.policySetup))).toBe(
      "3: SendPolicyInstructions: expected Ready before it, got none",
    );
    expect(await robot.call("getActions")).toBe(
      "3: GetActions: expected Ready and SendPolicyInstructions before it, got none",
    );
    expect(await robot.send(recordedPieces)).toContain(
      "3: SendObservations: expected Ready and SendPolicyInstructions before it",
    );
    robot.close();
  });

  it("a robot that is none of the policy's, and one that the policy does not know", async () => {
    const robot = new LerobotRobot(server);
    const changed = (before: string, after: string) =>
      encodeBytes(Buffer.from(pickled.setup.replace(before, after), "latin1"));
    expect(await robot.begins(changed("observation.images.top", "observation.images.tip"))).toContain(
      "expected pictures of observation.images.top, got observation.images.tip; name the robot's cameras so",
    );
    expect(await robot.begins(changed("?seed=41", "?seed=-1"))).toBe('3: seed: expected a whole number, got "-1"');
    expect(await robot.begins(changed("\x08?seed=41", "\x0a?dataset=x"))).toContain(
      "3: robot: expected one robot with",
    );
    robot.close();
  });

  it("bytes that are no HTTP/2", async () => {
    const answered = await new Promise((resolve) => {
      const socket = connect(server.lerobotAddress!.port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\n\r\n"));
      socket.on("close", () => resolve("closed"));
      socket.resume();
    });
    expect(answered).toBe("closed");
  });
});
