import { describe, expect, it } from "vitest";
import { decodeMessage, encodeMessage, type MessageValue } from "./message.ts";

/** Bytes that openpi's `msgpack_numpy.packb` made: an array, a number of numpy, and a text. */
const theirs =
  "83a7616374696f6e7384c40b5f5f6e6461727261795f5fc3c40464617461c4040000c03fc4056474797065a33c6634c40573686170659101" +
  "a17883c40d5f5f6e7067656e657269635f5fc3c40464617461cb3ff8000000000000c4056474797065a33c6634a670726f6d7074a2676f";

describe("a message", () => {
  it("of openpi's is an array of numbers, a number and a text, and goes back to the byte", () => {
    const message = decodeMessage(Buffer.from(theirs, "hex"));
    const actions = { dtype: "<f4", shape: [1], bytes: Buffer.from([0, 0, 0xc0, 0x3f]) };
    expect(message).toEqual(
      new Map<string, unknown>([
        ["actions", actions],
        ["x", 1.5],
        ["prompt", "go"],
      ]),
    );
    const array = new Map<string, MessageValue>([["actions", actions]]);
    expect(Buffer.from(encodeMessage(array)).toString("hex")).toBe(`81${theirs.slice(2, 112)}`);
  });

  const nothing = new Map<string, MessageValue>([
    ["none", null],
    ["yes", true],
    ["list", [1, "two", [3]]],
    ["inner", new Map([["bytes", Uint8Array.of(7)]])],
  ]);

  it("keeps what it holds", () => {
    expect(decodeMessage(encodeMessage(nothing))).toEqual(
      new Map([...nothing, ["inner", new Map([["bytes", Buffer.of(7)]])]]),
    );
  });

  /** An array's entries, some of them others. */
  const array = (name: string, value: MessageValue | undefined) => {
    const entries = new Map<string, MessageValue>([
      ["__ndarray__", true],
      ["data", Uint8Array.of(1)],
      ["dtype", "|u1"],
      ["shape", [1]],
    ]);
    entries.delete(name);
    return new Map([["a", value === undefined ? entries : entries.set(name, value)]]);
  };
  const cases: readonly (readonly [string, MessageValue | undefined])[] = [
    ["data", undefined],
    ["data", "text"],
    ["dtype", undefined],
    ["dtype", 4],
    ["shape", undefined],
    ["shape", 1],
    ["shape", [1, -1]],
    ["shape", [0.5]],
    ["shape", ["1"]],
  ];

  it.each(cases)("with an array whose %s is %s is refused", (name, value) => {
    const bytes = encodeMessage(array(name, value));
    expect(() => decodeMessage(bytes)).toThrow(
      'message, "a": expected an array with data, dtype and shape, got one that lacks them',
    );
  });

  it("with a key that is no name is refused", () => {
    expect(() => decodeMessage(Uint8Array.of(0x81, 0x01, 0x02))).toThrow("message: expected names in a map");
  });
});
