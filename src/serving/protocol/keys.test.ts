import { describe, expect, it } from "vitest";
import type { Message, MessageValue } from "../../../client/message.ts";
import { findRobot } from "../../simulation/robots.ts";
import { embodimentOf } from "../../simulation/simulated-robot.ts";
import type { ServedRobot } from "../robot.ts";
import { askedBy, ownKeys } from "./keys.ts";

const embodiment = embodimentOf(findRobot("reacher"), "state");
const cameras = [{ view: "front", key: "observation.images.front" }];
const unit = { mode: "mean-std", center: new Float64Array(2), scale: new Float64Array(2) } as const;
const robot: ServedRobot = {
  name: "reacher",
  embodiment: { ...embodiment, cameras },
  normalizationGroup: 0,
  units: { action: unit, state: unit },
  dataset: "reaching",
  framesPerSecond: 10,
  stepsPerSecond: 10,
  seen: null,
};
const state = { dtype: "|u1", shape: [2], bytes: Uint8Array.of(7, 9) };
const map = (values: Readonly<Record<string, MessageValue>>): Message => new Map(Object.entries(values));
const plain = { "observation/state": state, "observation/images/front": null, prompt: "go" };
const asked = (changes: Readonly<Record<string, MessageValue>>) =>
  askedBy(map({ ...plain, ...changes }), ownKeys(robot), robot);

describe("what a message says", () => {
  it("may stand in maps within it, as deep as its key says", () => {
    const picture = { dtype: "|u1", shape: [1, 1, 3], bytes: Uint8Array.of(1, 2, 3) };
    const inner = map({ state, images: map({ front: picture }) });
    const { observation } = askedBy(map({ observation: inner, prompt: "go" }), ownKeys(robot), robot);
    expect(observation.state).toEqual([7, 9]);
    expect([...(observation.pictures.front?.cells ?? [])]).toEqual([1, 2, 3]);
  });

  it("has pictures with their channels last, turned where they came first, and refuses one of other bytes", () => {
    const first = { dtype: "|u1", shape: [3, 1, 2], bytes: Uint8Array.of(1, 2, 10, 20, 100, 200) };
    const { front } = asked({ "observation/images/front": first }).observation.pictures;
    expect([front?.shape, [...(front?.cells ?? [])]]).toEqual([
      [1, 2, 3],
      [1, 10, 100, 2, 20, 200],
    ]);
    const short = { ...first, bytes: first.bytes.subarray(1) };
    expect(() => asked({ "observation/images/front": short })).toThrow(
      '"observation/images/front": expected 6 bytes of [3 1 2], got 5',
    );
  });

  it("is refused where a time or a number of steps is none", () => {
    expect(asked({ time: 5.5, delay: 2, carried_out: 0 })).toMatchObject({
      time: 5.5,
      continuation: { delay: 2, carriedOut: 0 },
    });
    for (const time of ["now", Number.NaN])
      expect(() => asked({ time })).toThrow(/^"time": expected a number of seconds since 1970, got a (string|number)$/);
    for (const delay of [1.5, -1, "2"])
      expect(() => asked({ delay })).toThrow(
        /^"delay": expected a whole number of steps from 0, got a (string|number)$/,
      );
  });

  it("is named by its kind where another was expected", () => {
    const got = (value: MessageValue) => {
      try {
        asked({ prompt: value });
        return "nothing refused";
      } catch (error) {
        return String(error).replace(/^.*, got /, "");
      }
    };
    expect([[], map({}), null, true, state, Uint8Array.of(1)].map(got)).toEqual([
      "a list",
      "a map",
      "null",
      "a boolean",
      "nothing refused",
      "bytes",
    ]);
  });
});
