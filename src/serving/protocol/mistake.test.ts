import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { encodeMessage, type MessageValue } from "../../../client/message.ts";
import { actionsOf, Client, message, Served } from "./testing/served.ts";

let served: Served;
beforeAll(async () => {
  served = await Served.start();
});
afterAll(() => served.stop());

describe("a client's mistake", () => {
  const cases: readonly (readonly [string, Readonly<Record<string, MessageValue>>, string])[] = [
    [
      "a state of another width",
      { "observation/state": { dtype: "<f8", shape: [3], bytes: new Uint8Array(24) } },
      "expected a state of 2 entries, got 3",
    ],
    ["a missing state", { "observation/state": null }, '"observation/state": expected an array of numbers, got null'],
    [
      "a state of another type",
      { "observation/state": { dtype: "<c8", shape: [2], bytes: new Uint8Array(16) } },
      '"observation/state": expected an array of <f8, <f4, <i8, <i4, <i2, |i1, |u1, |b1 (little-endian), got <c8',
    ],
    [
      "too few bytes",
      { "observation/state": { dtype: "<f4", shape: [2], bytes: new Uint8Array(4) } },
      '"observation/state": expected 8 bytes of [2] <f4, got 4',
    ],
    [
      "no number",
      {
        "observation/state": {
          dtype: "<f4",
          shape: [2],
          bytes: new Uint8Array(Float32Array.from([Number.NaN, 0]).buffer),
        },
      },
      'expected finite numbers, got NaN for "shoulder"',
    ],
    [
      "an unknown camera",
      { "observation/images/wrist": null },
      '"observation/images/wrist": expected the keys observation/state, observation/images/camera, prompt, got this one',
    ],
    [
      "a picture of floats",
      { "observation/images/camera": { dtype: "<f4", shape: [1, 1, 3], bytes: new Uint8Array(12) } },
      '"observation/images/camera": expected bytes [h w 3] or [3 h w], got [1 1 3] <f4',
    ],
    [
      "a picture without channels",
      { "observation/images/camera": { dtype: "|u1", shape: [3, 4], bytes: new Uint8Array(12) } },
      '"observation/images/camera": expected bytes [h w 3] or [3 h w], got [3 4] |u1',
    ],
    ["a reset that is no choice", { reset: 1 }, '"reset": expected true or false, got a number'],
    [
      "a prompt of fractions",
      { prompt: { dtype: "<f4", shape: [1], bytes: new Uint8Array(4) } },
      '"prompt": expected a text, or its tokens as whole numbers [n], got an array [1] <f4',
    ],
    [
      "tokens that nobody knows",
      { prompt: { dtype: "<i4", shape: [1], bytes: Uint8Array.of(0, 0, 0, 64) } },
      "expected tokens",
    ],
    [
      "a prompt that is none",
      { prompt: 3 },
      '"prompt": expected a text, or its tokens as whole numbers [n], got a number',
    ],
    [
      "a prompt longer than any is",
      { prompt: "r".repeat(20_000) },
      '"prompt": expected a text of at most 16384 characters, got 20000',
    ],
    ["a prompt too long", { prompt: "reach ".repeat(20) }, "expected a prompt of at most 40 tokens, got 121"],
  ];

  it.each(cases)("%s is told in a text, and the connection is closed as openpi closes it", async (_, changes, said) => {
    const client = new Client(served.server, "/");
    await client.next();
    const reply = await client.ask(message(changes));
    expect(reply).toEqual(expect.stringContaining(said));
    expect((await client.closed).code).toBe(1011);
  });

  it.each([
    ["no message", Uint8Array.of(0xc1), "message: expected numbers, texts, bytes, arrays and maps, got something else"],
    ["a message cut short", encodeMessage(message({})).subarray(0, 40), "message: expected one value in MessagePack"],
    ["a list", Uint8Array.of(0x90), "message: expected a map of names to values"],
    ["a value within too many others", new Uint8Array(40).fill(0x91), "message: expected"],
    ["a text frame", "hello", "message: expected a binary frame of MessagePack, got a text"],
  ])("%s is refused, and other clients go on", async (_, data, said) => {
    const [healthy, other] = [new Client(served.server, "/?seed=5"), new Client(served.server, "/")];
    await healthy.next();
    await other.next();
    other.send(data);
    expect(await other.next()).toEqual(expect.stringContaining(said));
    expect((await other.closed).code).toBe(1011);
    expect(actionsOf(await healthy.ask(message({})))).toHaveLength(12);
    healthy.close();
    await healthy.closed;
  });

  it("more bytes than a message may have close the connection", async () => {
    const client = new Client(served.server, "/");
    await client.next();
    client.send(new Uint8Array((1 << 20) + 1));
    expect((await client.closed).code).toBe(1009);
  });

  it("what was asked behind a mistake is not answered", async () => {
    const acting = vi.spyOn(served.policy, "act");
    const client = new Client(served.server, "/");
    await client.next();
    client.send("hello");
    client.send(encodeMessage(message({})));
    expect(await client.next()).toContain("expected a binary frame");
    expect((await client.closed).code).toBe(1011);
    expect(acting).not.toHaveBeenCalled();
    acting.mockRestore();
  });

  it("a message without a prompt is told", async () => {
    const client = new Client(served.server, "/");
    await client.next();
    const without = new Map([...message({})].filter(([name]) => name !== "prompt"));
    expect(await client.ask(without)).toContain(
      '"prompt": expected a text, or its tokens as whole numbers [n], got none',
    );
  });

  it("an address with a name that nobody reads is told: a misspelt seed would change every action", async () => {
    const refused = async (path: string) => (await new Client(served.server, path).closed).reason;
    expect(await refused("/?sed=5")).toBe(
      'address: expected dataset, robotType, controlMode and seed at most, got "sed"',
    );
    expect(await refused("//")).toBe('address: expected a path with ?dataset=…&seed=… at most, got "//"');
    expect(await refused("/?seed=abc")).toBe('seed: expected a whole number, got "abc"');
  });

  it("is one short line for the client and in the log, whatever it holds", async () => {
    const client = new Client(served.server, "/");
    await client.next();
    const name = `x\nconnection 0: closed with 1000\u001b[31m\u2028${"y".repeat(100_000)}`;
    const reply = await client.ask(message({ [name]: 1 }));
    expect(reply).toMatch(/^"x\\u000aconnection 0: closed with 1000\\u001b\[31m\\u2028y{800,1000}…$/);
    expect((await client.closed).code).toBe(1011);
    expect(served.lines.filter((line) => line.includes("y".repeat(100)))).toEqual([
      expect.stringMatching(/^connection \d+: "x\\u000aconnection 0: [^\n]{900,1000}…$/),
    ]);
  });

  it("a robot that the policy does not know is refused before anything is asked, in the reason of the close", async () => {
    const client = new Client(served.server, "/?dataset=pushing");
    const { code, reason } = await client.closed;
    expect(code).toBe(1011);
    expect(reason).toMatch(/^robot: expected one robot with dataset "pushing", got none; the policy knows: robot .*…$/);
    expect(Buffer.byteLength(reason)).toBe(123);
    // Two bytes each: the last one of them would be cut in two.
    const letters = new Client(served.server, `/?dataset=${encodeURIComponent(`x${"é".repeat(60)}`)}`);
    expect((await letters.closed).reason).toMatch(/^robot: expected one robot with dataset "xé{39}…$/);
  });
});
