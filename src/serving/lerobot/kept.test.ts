import { once as closes } from "node:events";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { ServerOptions } from "../protocol/options.ts";
import type { RunningServer } from "../protocol/server.ts";
import { Client as OpenpiClient, Served, servedLimits } from "../protocol/testing/served.ts";
import { frameKeys } from "./fit.ts";
import { cellsInPickle, LerobotRobot, patient, recordedPieces, startedForLerobot } from "./testing/recorded-robot.ts";
import { decodeBytes, decodePiece, empty, encodePiece } from "./wire.ts";

let served: Served;
beforeAll(async () => {
  served = await Served.start();
});
afterAll(() => served.stop());

describe("a server of LeRobot's clients keeps to what it is told", () => {
  const once = async (
    changes: Partial<ServerOptions>,
    ask: (robot: LerobotRobot, server: RunningServer) => Promise<unknown>,
  ) => {
    const server = await startedForLerobot(served, changes);
    const robot = new LerobotRobot(server);
    await robot.begins();
    const found = await ask(robot, server);
    robot.close();
    await server.stop();
    return found;
  };

  it("limits and largest steps", async () => {
    const limits = { low: Float64Array.of(0.25, -9), high: Float64Array.of(0.25, 9) };
    const largestStep = Float64Array.of(1, 1e-4);
    const cells = cellsInPickle(
      String(await once({ rules: () => ({ outside: "clamp", limits, largestStep }) }, (robot) => robot.asks())),
    );
    expect(cells.filter((_, at) => at % 2 === 0)).toEqual(new Array(6).fill(0.25));
    expect(Math.abs(cells[1]! + 0.5)).toBeLessThan(1.001e-4);
  });

  it("actions outside limits, where it is to refuse them, and answers the next", async () => {
    const far = { low: Float64Array.of(50, 50), high: Float64Array.of(60, 60) };
    let limits: typeof far | null = far;
    const found = await once({ rules: () => ({ outside: "refuse", limits, largestStep: null }) }, async (robot) => {
      const refused = await robot.asks();
      limits = null;
      return [refused, cellsInPickle(await robot.asks(patient(3))).length];
    });
    expect(found).toEqual([
      expect.stringMatching(/^9: actions: expected "shoulder" of robot "reacher".* from 50 to 60, got /),
      12,
    ]);
  });

  it("the age of an observation", async () => {
    expect(await once({ staleMs: 400, clock: () => 101_000 }, (robot) => robot.asks())).toContain(
      '9: "time": expected an observation of the last 400 ms, got one of 500 ms ago',
    );
    expect(
      cellsInPickle(String(await once({ staleMs: 600, clock: () => 101_000 }, (robot) => robot.asks()))),
    ).toHaveLength(12);
  });

  it("its rate", async () => {
    const limits = { ...servedLimits, perSecond: 1 };
    const found = await once({ limits, now: () => 5 }, async (robot) => [
      await robot.send(recordedPieces),
      await robot.send(recordedPieces),
    ]);
    expect(found).toEqual([empty, "8: connection: expected at most 1 observations per second, got more"]);
  });

  it("the size of an observation", async () => {
    const limits = { ...servedLimits, messageBytes: 1000 };
    expect(await once({ limits }, (robot) => robot.asks())).toMatch(/^8: /);
    const pieces = [1, 2].map((transferState) => encodePiece({ transferState, data: Buffer.alloc(600) }));
    expect(await once({ limits }, (robot) => robot.asks(pieces))).toBe(
      "3: observation: expected at most 1000 bytes, got more; send smaller pictures",
    );
  });

  it("its connections, those of openpi's clients among them", async () => {
    const found = await once({ limits: { ...servedLimits, connections: 2 } }, async (robot, server) => {
      const openpi = new OpenpiClient(server, "/");
      await openpi.next();
      const third = new LerobotRobot(server);
      const refused = await third.begins();
      third.close();
      openpi.close();
      return [refused, cellsInPickle(await robot.asks()).length];
    });
    expect(found).toEqual(["8: connection: expected at most 2 connections, got more", 12]);
  });

  it("its keys", async () => {
    const lines: string[] = [];
    const server = await startedForLerobot(served, { apiKeys: ["secret"], log: (line) => lines.push(line) });
    expect(lines.at(-1)).toContain("LeRobot's client sends no key, which --api-key-file asks for: it reaches");
    const [without, with_] = [new LerobotRobot(server), new LerobotRobot(server, { key: "secret" })];
    expect(await without.begins()).toBe(
      "16: connection: expected a known key as metadata (authorization: Api-Key …), got none",
    );
    expect(await with_.begins()).toEqual(empty);
    without.close();
    with_.close();
    await server.stop();
  });

  it("one call for actions at a time, as clients of one process share their connection", async () => {
    const found = await once({}, async (robot) => {
      const waiting = robot.call("getActions");
      const second = await robot.call("getActions");
      await robot.send(recordedPieces);
      return [second, decodeBytes(Buffer.from(await waiting)).length > 1000];
    });
    expect(found).toEqual([
      "8: GetActions: expected one call at a time, got a second; give each RobotClient a process",
      true,
    ]);
  });

  it("that a call for actions which is given up takes no observation that comes later", async () => {
    const found = await once({}, async (robot) => {
      const { call, replied } = robot.calls("getActions");
      // Its connection has carried it when what came behind it is replied.
      await robot.call("ready");
      call.cancel();
      await replied;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return cellsInPickle(await robot.asks()).length;
    });
    expect(found).toBe(12);
  });

  it("one observation on its way at a time, which one that is broken off is not", async () => {
    const { data } = decodePiece(recordedPieces[0]!);
    const begin = encodePiece({ transferState: 1, data: data.subarray(0, 400) });
    const end = encodePiece({ transferState: 3, data: data.subarray(400) });
    const found = await once({}, async (robot) => {
      const [first, second] = [robot.opens(), robot.opens()];
      first.stream.write(begin);
      const refused = await Promise.race([first.replied, second.replied]);
      first.stream.end(end);
      const taken = await first.replied;
      const broken = robot.opens();
      broken.stream.write(begin);
      // What its connection carries next comes behind it.
      await robot.call("getActions");
      broken.stream.cancel();
      await broken.replied;
      await vi.waitFor(async () => expect(await robot.send(recordedPieces)).toEqual(empty), 20_000);
      return [refused, taken];
    });
    expect(found).toEqual([
      "8: SendObservations: expected one observation at a time, got a second beside it; give each RobotClient a process",
      empty,
    ]);
  });

  it("that nobody without a key sends it pieces", async () => {
    const server = await startedForLerobot(served, { apiKeys: ["secret"] });
    const robot = new LerobotRobot(server);
    const { stream, replied } = robot.opens();
    stream.write(encodePiece({ transferState: 1, data: Buffer.alloc(9) }));
    expect(await replied).toMatch(/^16: connection: expected a known key/);
    robot.close();
    await server.stop();
  });

  it("silence of a connection, which is closed", async () => {
    const lines: string[] = [];
    await once({ limits: { ...servedLimits, idleMs: 200 }, log: (line) => lines.push(line) }, () =>
      vi.waitFor(
        () =>
          expect(lines.slice(-2)).toEqual([
            "connection 0: connection: expected a call within 0.2 s, got none",
            "connection 0: closed",
          ]),
        20_000,
      ),
    );
  });

  it("ten seconds for a first call, after which a connection is closed", async () => {
    const lines: string[] = [];
    const server = await startedForLerobot(served, { log: (line) => lines.push(line) });
    const socket = connect(server.lerobotAddress!.port, "127.0.0.1").resume();
    const begun = performance.now();
    await closes(socket, "close");
    expect(performance.now() - begun).toBeGreaterThan(9500);
    expect(lines.at(-1)).toBe("LeRobot: connection: expected a call within 10 s, got none");
    await server.stop();
  }, 60_000);

  it("a certificate", async () => {
    const pem = (name: string) =>
      readFile(join(import.meta.dirname, "../protocol/testing", `localhost-${name}.pem`), "utf8");
    const tls = { cert: await pem("cert"), key: await pem("key") };
    const lines: string[] = [];
    const server = await startedForLerobot(served, { tls, log: (line) => lines.push(line) });
    expect(lines.at(-1)).toBe(
      "LeRobot's client does not encrypt, which --tls-cert asks for: it reaches this port only through a proxy that does so for it",
    );
    const robot = new LerobotRobot(server, { ca: Buffer.from(tls.cert) });
    expect(await robot.begins()).toEqual(empty);
    expect(cellsInPickle(await robot.asks())).toHaveLength(12);
    robot.close();
    await server.stop();
  });

  it("a port that is in use, and takes none of openpi's then", async () => {
    const server = await startedForLerobot(served);
    const { port } = server.lerobotAddress!;
    await expect(startedForLerobot(served, { lerobot: { port, keys: frameKeys } })).rejects.toThrow(
      `--lerobot-port: expected a free port of 127.0.0.1, got ${port}, which is in use`,
    );
    await server.stop();
  });

  it("a stop: what is asked is answered, what waits ends without actions", async () => {
    const server = await startedForLerobot(served);
    const [asking, waiting] = [new LerobotRobot(server), new LerobotRobot(server)];
    await Promise.all([asking.begins(), waiting.begins()]);
    await asking.send(recordedPieces);
    const [answer, nothing] = [asking.call("getActions"), waiting.call("getActions")];
    await new Promise((resolve) => setTimeout(resolve, 5));
    await server.stop();
    expect(cellsInPickle(Buffer.from(decodeBytes(Buffer.from(await answer))).toString("latin1"))).toHaveLength(12);
    expect(await nothing).toEqual(empty);
    asking.close();
    waiting.close();
  });
});
