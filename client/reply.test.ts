import { describe, expect, it } from "vitest";
import type { MessageValue } from "./message.ts";
import { decodeMetadata, encodeMetadata, type PolicyMetadata } from "./metadata.ts";
import { decodeReply, encodeReply, type Reply } from "./reply.ts";

const reply: Reply = {
  actions: [
    [0.5, -1],
    [2, 0.25],
    [8, 16],
  ],
  clamped: 1,
  slowed: 2,
  lateMs: 3,
  saidSteps: 4,
  policyMs: 5,
  serverMs: 6,
  previousMs: 7,
};

describe("a reply", () => {
  it("is read as it was written, with and without what only some have", () => {
    expect(decodeReply(encodeReply(reply))).toEqual(reply);
    const first = { ...reply, saidSteps: null, previousMs: null };
    expect(decodeReply(encodeReply(first))).toEqual(first);
    expect([...encodeReply(first).keys()]).not.toContain("said_steps");
  });

  it.each<[string, MessageValue, string]>([
    ["actions", 1, 'reply, "actions": expected an array [steps dofs], got something else'],
    [
      "actions",
      { dtype: "<f4", shape: [0], bytes: new Uint8Array() },
      'reply, "actions": expected an array [steps dofs]',
    ],
    ["clamped", "1", 'reply, "clamped": expected a number, got something else'],
    ["policy_timing", 1, 'reply, "policy_timing": expected a map, got something else'],
  ])("whose %s is %j is refused", (name, value, problem) => {
    expect(() => decodeReply(new Map([...encodeReply(reply), [name, value]]))).toThrow(problem);
  });
});

const metadata: PolicyMetadata = {
  policy: "pi05",
  step: 300,
  robot: "reacher",
  dataset: "reacher-1",
  controlMode: "joint",
  actionSteps: 16,
  stepsPerSecond: 20,
  actionNames: ["shoulder", "elbow"],
  stateNames: ["shoulder", "elbow", "x"],
  stateKeys: ["observation/state"],
  pictureKeys: ["observation/images/camera"],
  prompt: "reach",
  longestDelay: 4,
  weights: "int8",
};

describe("metadata", () => {
  it("is read as it was written", () => {
    expect(decodeMetadata(encodeMetadata(metadata))).toEqual(metadata);
    const several = { ...metadata, prompt: null, longestDelay: null };
    expect(decodeMetadata(encodeMetadata(several))).toEqual(several);
    // Servers did not always say how long an answer may take, and what they hold weights as.
    const older = new Map(
      [...encodeMetadata(metadata)].filter(([name]) => name !== "longest_delay" && name !== "weights"),
    );
    expect(decodeMetadata(older)).toEqual({ ...metadata, longestDelay: null, weights: "float32" });
  });

  it.each<[string, MessageValue, string]>([
    ["policy", 5, "a text"],
    ["step", "5", "a number"],
    ["state_keys", "observation/state", "a list of texts"],
    ["picture_keys", [1], "a list of texts"],
    ["prompt", 1, "a text"],
  ])("of another server, whose %s is %j, is refused", (name, value, kind) => {
    expect(() => decodeMetadata(new Map([...encodeMetadata(metadata), [name, value]]))).toThrow(
      `metadata, "${name}": expected ${kind}, as \`armature serve\` tells it, got something else`,
    );
  });
});
