import { describe, expect, it } from "vitest";
import type { PolicyMetadata } from "./metadata.ts";
import { encodeObservation, type Observation, type Purpose } from "./observation.ts";
import { toyMetadata } from "./testing/toy-metadata.ts";

const metadata = (stateKeys: readonly string[], pictureKeys: readonly string[]): PolicyMetadata => ({
  ...toyMetadata,
  stateNames: ["a", "b"],
  stateKeys,
  pictureKeys,
});
const asking = { acts: true, course: null } as const;
const own = metadata(["observation/state"], ["observation/images/base", "observation/images/wrist"]);
const pixel = { height: 1, width: 1, pixels: Uint8Array.of(1, 2, 3) };

describe("an observation", () => {
  it("goes under the keys that the server told, pictures by the last part of theirs", () => {
    const message = encodeObservation(
      {
        state: [1, 2],
        pictures: { base: pixel, "observation/images/wrist": null },
        prompt: "go",
        reset: true,
        time: 5,
      },
      own,
      asking,
    );
    // 1 and 2 in the bytes of float64, the lowest first.
    const bytes = Uint8Array.of(0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0x40);
    expect([...message]).toEqual([
      ["observation/state", { dtype: "<f8", shape: [2], bytes }],
      ["observation/images/base", { dtype: "|u1", shape: [1, 1, 3], bytes: pixel.pixels }],
      ["observation/images/wrist", null],
      ["prompt", "go"],
      ["reset", true],
      ["time", 5],
    ]);
  });

  it("has the state in parts where the server reads it in parts", () => {
    const droid = metadata(["observation/joint_position", "observation/gripper_position"], []);
    const state = { "observation/gripper_position": [0.5], "observation/joint_position": [1, 2] };
    const message = encodeObservation({ state, pictures: {}, prompt: "go" }, droid, asking);
    expect([...message.keys()]).toEqual(["observation/joint_position", "observation/gripper_position", "prompt"]);
    expect(() => encodeObservation({ state: [1, 2, 0.5], pictures: {}, prompt: "go" }, droid, asking)).toThrow(
      "state: expected observation/joint_position, observation/gripper_position, got state",
    );
  });

  it("says what it is sent for: how the robot goes on, or that it is only to be seen", () => {
    const now = { state: [1, 2], pictures: { base: null, wrist: null }, prompt: "go" };
    const words = (purpose: Purpose) => [...encodeObservation(now, own, purpose)].slice(4);
    expect(words(asking)).toEqual([]);
    expect(words({ acts: true, course: { carriedOut: 8, delay: 2 } })).toEqual([
      ["carried_out", 8],
      ["delay", 2],
    ]);
    expect(words({ acts: false })).toEqual([["act", false]]);
  });

  it.each<[string, Partial<Observation>, string]>([
    [
      "a camera too few",
      { pictures: { base: pixel } },
      "pictures: expected observation/images/base, observation/images/wrist, got observation/images/base; give null",
    ],
    ["a camera too many", { pictures: { base: pixel, wrist: null, top: pixel } }, "got observation/images/base, obs"],
    [
      "a picture of another size",
      { pictures: { base: { ...pixel, width: 2 }, wrist: null } },
      "observation/images/base: expected 6 bytes of [1 2 3], got 3",
    ],
  ])("with %s is refused before it is sent", (_, changes, problem) => {
    const observation = { state: [1, 2], pictures: { base: pixel, wrist: null }, prompt: "go", ...changes };
    expect(() => encodeObservation(observation, own, asking)).toThrow(problem);
  });
});
