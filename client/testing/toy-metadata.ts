import type { PolicyMetadata } from "../metadata.ts";

/** What a server tells a client of a toy robot that sends its state alone. */
export const toyMetadata: PolicyMetadata = {
  policy: "pi0",
  step: 1,
  robot: "toy",
  dataset: "toy",
  controlMode: "joint",
  actionSteps: 8,
  stepsPerSecond: 10,
  actionNames: ["a"],
  stateNames: ["a"],
  stateKeys: ["observation/state"],
  pictureKeys: [],
  prompt: null,
  longestDelay: null,
  weights: "float32",
};
