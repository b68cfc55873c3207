import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { encodeMessage } from "../../../client/message.ts";
import type { ServerOptions } from "./options.ts";
import { actionsOf, Client, message, Served, servedLimits, startedFor } from "./testing/served.ts";

let served: Served;
beforeAll(async () => {
  served = await Served.start();
});
afterAll(() => served.stop());

/** The head of a request for a WebSocket, but for its end. */
const upgrade = [
  "GET / HTTP/1.1",
  "Host: robot",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "",
].join("\r\n");

/** Once it is closed, however. */
const closedBy = (socket: Socket) => new Promise((resolve) => socket.once("close", resolve));

/** What a client of a server with other options sees: frames that it asked for so often at once, and how it was closed. */
async function asked(times: number, changes: Partial<ServerOptions>) {
  const own = await startedFor(served.policy, changes);
  const client = new Client(own, "/?seed=1");
  await client.next();
  for (let time = 0; time < times; time++) client.send(encodeMessage(message({})));
  const frames: (string | number[])[] = [];
  for (let time = 0; time < times; time++) {
    const reply = await client.next();
    frames.push(typeof reply === "string" ? reply : actionsOf(reply));
    if (typeof reply === "string") break;
  }
  client.close();
  const { code } = await client.closed;
  await own.stop();
  return { frames, code };
}

describe("a server's bounds", () => {
  it("answers as many messages as its rate lets in, then says why not and asks to try later", async () => {
    const { frames, code } = await asked(4, { limits: { ...servedLimits, perSecond: 2 }, now: () => 5 });
    expect(frames.map((frame) => typeof frame)).toEqual(["object", "object", "string"]);
    expect(frames[2]).toBe("connection: expected at most 2 messages per second, got more");
    expect(code).toBe(1013);
  });

  it("has a call wait for robots that ask too, and for nobody who only is connected", async () => {
    // Whoever waited for the silent one would wait for longer than this test may take.
    const own = await startedFor(served.policy, { gatherMs: 600_000 });
    const [first, second, silent] = [1, 2, 3].map((seed) => new Client(own, `/?seed=${seed}`));
    for (const client of [first!, second!, silent!]) await client.next();
    const alone = actionsOf(await first!.ask(message({})));
    expect(alone.length).toBeGreaterThan(0);
    // The first may ask again, so the second waits for it.
    const waiting = second!.ask(message({}));
    expect(actionsOf(await first!.ask(message({}))).length).toBe(alone.length);
    expect(actionsOf(await waiting).length).toBe(alone.length);
    for (const client of [first!, second!, silent!]) client.close();
    await Promise.all([first!, second!, silent!].map(({ closed }) => closed));
    await own.stop();
  });

  it("answers as many messages as may wait, and drops what is sent on top", async () => {
    const { frames, code } = await asked(20, { limits: { ...servedLimits, waiting: 3 } });
    expect(frames.map((frame) => typeof frame)).toEqual(["object", "object", "object", "string"]);
    expect(frames[3]).toBe("connection: expected at most 3 messages that wait for answers, got more");
    expect(code).toBe(1013);
  });

  it("gives each key a rate of its own", async () => {
    const own = await startedFor(served.policy, {
      apiKeys: ["one", "two"],
      limits: { ...servedLimits, perSecond: 1 },
      now: () => 5,
    });
    const found: string[] = [];
    for (const key of ["one", "two", "one"]) {
      const client = new Client(own, "/", { headers: { authorization: `Api-Key ${key}` } });
      await client.next();
      found.push(typeof (await client.ask(message({}))));
      client.close();
      await client.closed;
    }
    expect(found).toEqual(["object", "object", "string"]);
    await own.stop();
  });

  it("closes a connection that is silent for too long, in words", async () => {
    const own = await startedFor(served.policy, { limits: { ...servedLimits, idleMs: 200 } });
    const client = new Client(own, "/");
    await client.next();
    expect(await client.next()).toBe("connection: expected a message within 0.2 s, got none");
    expect((await client.closed).code).toBe(1011);
    await own.stop();
  });

  it("takes no message that is larger than it may be, and goes on for others", async () => {
    const own = await startedFor(served.policy, { limits: { ...servedLimits, messageBytes: 4096 } });
    const [large, small] = [new Client(own, "/"), new Client(own, "/")];
    await Promise.all([large.next(), small.next()]);
    large.send(new Uint8Array(4097));
    expect((await large.closed).code).toBe(1009);
    expect(actionsOf(await small.ask(message({})))).toHaveLength(12);
    small.close();
    await own.stop();
  });

  it("gives up a client that reads nothing of what it is sent", async () => {
    const unread = vi.spyOn(WebSocket.prototype, "bufferedAmount", "get").mockReturnValue((1 << 20) + 1);
    const { frames, code } = await asked(1, {});
    unread.mockReturnValue(1 << 20);
    const read = await asked(1, {});
    unread.mockRestore();
    expect(frames).toEqual(["connection: expected a client that reads what it is sent, got 1048577 bytes that wait"]);
    expect(code).toBe(1013);
    expect(read.frames).toEqual([expect.any(Array)]);
  });

  it("outlives who is turned away and breaks off, and keeps no connection of them", async () => {
    const own = await startedFor(served.policy, { apiKeys: ["one"], limits: { ...servedLimits, connections: 1 } });
    const key = { authorization: "Api-Key one" };
    const inside = new Client(own, "/", { headers: key });
    await inside.next();
    const opened = (header: string, allowHalfOpen = false) => {
      const socket = connect({ port: own.address.port, host: "127.0.0.1", allowHalfOpen });
      socket.on("error", () => {});
      socket.write(`${upgrade}${header}\r\n`);
      return socket;
    };
    // Who has no key and stays is not kept: what is written to a socket that is gone breaks it.
    const staying = opened("", true);
    const writing = setInterval(() => staying.write("x"), 20);
    await closedBy(staying);
    clearInterval(writing);
    // A frame with bits that nobody has agreed on, from who found no place.
    const full = opened("Authorization: Api-Key one\r\n");
    await once(full, "data");
    full.end(Uint8Array.of(0xff, 0xff, 0xff));
    await closedBy(full);
    for (let time = 0; time < 8; time++) {
      const gone = opened("");
      await (time < 4 ? once(gone, "data") : once(gone, "connect"));
      gone.resetAndDestroy();
    }
    expect(actionsOf(await inside.ask(message({})))).toHaveLength(12);
    inside.close();
    await own.stop();
  });

  it("lets nobody compress: a small message could hold far more bytes than it may", async () => {
    const socket = connect(served.server.address.port, "127.0.0.1");
    socket.write(`${upgrade}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n`);
    const [head] = await once(socket, "data");
    socket.destroy();
    expect(String(head)).toContain("101 Switching Protocols");
    expect(String(head)).not.toContain("permessage-deflate");
  });

  it("says where it cannot listen", async () => {
    // Of the block that documentation has to itself (RFC 5737): no machine's.
    await expect(startedFor(served.policy, { host: "192.0.2.1" })).rejects.toThrow(
      /^--host, --port: expected an address and a port of this machine to listen on, got listen EADDRNOTAVAIL/,
    );
  });

  it("listens on the address that it is given, and on no other", async () => {
    const { address } = served.server;
    expect(address.address).toBe("127.0.0.1");
    const refused = await new Promise((resolve) => {
      const socket = connect(address.port, "127.0.0.2");
      socket.once("connect", () => resolve("connected"));
      socket.once("error", () => resolve("refused"));
    });
    expect(refused).toBe("refused");
  });
});

describe("a server with a certificate", () => {
  // openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=localhost
  //   -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout localhost-key.pem -out localhost-cert.pem
  const pem = (name: string) => readFile(join(import.meta.dirname, "testing", `localhost-${name}.pem`), "utf8");

  it("answers over TLS, to whoever trusts it, and to nobody who speaks without", async () => {
    const tls = { cert: await pem("cert"), key: await pem("key") };
    const lines: string[] = [];
    const own = await startedFor(served.policy, { tls, log: (line) => lines.push(line) });
    const client = new Client(own, "/", { ca: tls.cert });
    await client.next();
    expect(actionsOf(await client.ask(message({})))).toHaveLength(12);
    client.close();
    expect(lines[0]).toBe(`listening on wss://127.0.0.1:${own.address.port}`);
    expect((await new Client(own, "/", { ca: [] }).closed).reason).toContain("self-signed certificate");
    expect((await new Client(own, "/").closed).code).toBe(0);
    await own.stop();
  });

  it("is refused where its files are none of each other", async () => {
    const cert = await pem("cert");
    await expect(startedFor(served.policy, { tls: { cert, key: cert } })).rejects.toThrow(
      /^--tls-cert, --tls-key: expected a certificate in PEM and its private key, got /,
    );
  });
});
