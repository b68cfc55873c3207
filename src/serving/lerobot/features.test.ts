import { describe, expect, it } from "vitest";
import { numbersOf } from "../../../client/array.ts";
import { isNumberArray, type Message } from "../../../client/message.ts";
import { pixels } from "../protocol/testing/served.ts";
import { featuresOf, frameOf } from "./features.ts";
import type { Pickled } from "./pickle.ts";
import { readConfig, readObservation } from "./sent.ts";
import { exchange, recordedBytes } from "./testing/exchange.ts";
import { decodeBytes, decodePiece } from "./wire.ts";

const config = readConfig(decodeBytes(recordedBytes(exchange.policySetup)));
const features = featuresOf(config);
const sent = readObservation(decodePiece(recordedBytes(exchange.observationPieces[0]!)).data);

function stateOf(frame: Message): number[] {
  const state = frame.get("observation.state");
  return isNumberArray(state) ? [...numbersOf("state", state)] : [];
}

describe("what LeRobot's client sent", () => {
  it("are the robot's features and an observation", () => {
    expect(config).toMatchObject({ policyType: "smolvla", path: "?seed=41", actionsPerChunk: 50, renamed: new Map() });
    expect(features.stateNames).toEqual(["shoulder", "elbow"]);
    expect([...features.pictureKeys]).toEqual([["top", "observation.images.top"]]);
    expect(sent).toMatchObject({ timestamp: 100.5, timestep: 3, mustGo: true });
  });

  it("is a frame as its datasets have it", () => {
    const frame = frameOf(sent.values, features);
    expect([...frame.keys()]).toEqual(["observation.state", "observation.images.top", "task"]);
    expect(stateOf(frame)).toEqual([0.25, -0.5]);
    expect(frame.get("observation.images.top")).toEqual({
      dtype: "|u1",
      shape: [16, 16, 3],
      bytes: Buffer.from(pixels),
    });
    expect(frame.get("task")).toBe("reach");
  });

  it.each(Object.entries(exchange.pickles))("is the same frame as %s", (_, pickle) => {
    const frame = frameOf(readObservation(recordedBytes(pickle)).values, features);
    expect(stateOf(frame)).toEqual([0.25, -0.5]);
    const picture = frame.get("observation.images.top");
    if (!isNumberArray(picture)) throw new Error("no picture");
    expect({ ...picture, bytes: [...picture.bytes] }).toEqual({ dtype: "|u1", shape: [16, 16, 3], bytes: [...pixels] });
  });

  it("goes under another key where the client renames it", () => {
    const renamed = new Map([["observation.images.top", "observation.images.camera1"]]);
    expect([...frameOf(sent.values, featuresOf({ ...config, renamed })).keys()][1]).toBe("observation.images.camera1");
  });

  it("has numbers rounded to float32, as its datasets have them", () => {
    expect(stateOf(frameOf(new Map([...sent.values, ["elbow", 0.1]]), features))).toEqual([0.25, Math.fround(0.1)]);
  });
});

describe("a frame is refused", () => {
  it.each<[string, [string, Pickled], string]>([
    ["a number that is a text", ["elbow", "x"], '"elbow": expected a number, got something else'],
    [
      "a number that is a picture",
      ["elbow", sent.values.get("top")!],
      '"elbow": expected a number, got something else',
    ],
    ["a picture that is a number", ["top", 1], '"top": expected a picture, got something else'],
    [
      "what is no feature",
      ["wrist", 1],
      '"wrist": expected the robot\'s features shoulder, elbow, top, task, got this one',
    ],
  ])("%s", (_, changed, said) => {
    expect(() => frameOf(new Map([...sent.values, changed]), features)).toThrow(said);
  });

  it.each([
    ["elbow", '"elbow": expected a number, got none'],
    ["top", '"top": expected a picture, got none'],
  ])("without %s", (name, said) => {
    expect(() => frameOf(new Map([...sent.values].filter(([key]) => key !== name)), features)).toThrow(said);
  });
});

describe("features are refused", () => {
  const described = (dtype: Pickled, names: Pickled) =>
    new Map<string, Pickled>([
      ["dtype", dtype],
      ["names", names],
    ]);
  it.each<[string, string, Pickled]>([
    ["a state of other numbers", "observation.state", described("float64", ["a"])],
    ["a picture that is none", "observation.images.top", described("float32", ["a"])],
    ["another key", "observation.depth", described("image", ["a"])],
    ["no description", "observation.state", "float32"],
  ])("%s", (_, key, feature) => {
    expect(() => featuresOf({ ...config, features: new Map([[key, feature]]) })).toThrow(
      `"lerobot_features": expected observation.state as float32 and observation.images.… as image, got "${key}" otherwise`,
    );
  });

  it.each<[Pickled]>([[null], [["a", 1]]])("a state with the names %j", (names) => {
    expect(() =>
      featuresOf({ ...config, features: new Map([["observation.state", described("float32", names)]]) }),
    ).toThrow("expected observation.state with the names of its numbers, got none");
  });

  it("but not pictures that are video, as in datasets", () => {
    const found = featuresOf({ ...config, features: new Map([["observation.images.a", described("video", null)]]) });
    expect([...found.pictureKeys]).toEqual([["a", "observation.images.a"]]);
  });
});
