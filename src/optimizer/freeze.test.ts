import { describe, expect, it } from "vitest";
import { InputError } from "../input-error.ts";
import { type TrainingChoice, trainedParameters } from "./freeze.ts";

const names = ["vision.patch.weight", "vision.block.0.query", "visionary", "backbone.embedding", "expert.out"];

describe("trainedParameters", () => {
  it("are all where nothing is frozen", () => {
    expect(trainedParameters(names, { frozen: [] })).toEqual(names);
  });

  it("are those below no frozen beginning, which ends at a dot", () => {
    expect(trainedParameters(names, { frozen: ["vision"] })).toEqual(["visionary", "backbone.embedding", "expert.out"]);
    expect(trainedParameters(names, { frozen: ["vision.block", "backbone.embedding"] })).toEqual([
      "vision.patch.weight",
      "visionary",
      "expert.out",
    ]);
  });

  it("refuses a pattern that freezes nothing, with the nearest that would", () => {
    for (const pattern of ["vison", "vision.pat", "vision.", ""])
      expect(() => trainedParameters(names, { frozen: [pattern] })).toThrow(InputError);
    expect(() => trainedParameters(names, { frozen: ["expert", "vision.blok"] })).toThrow(
      'got "vision.blok", which is that of none; did you mean "vision.block"?',
    );
    expect(() => trainedParameters(names, { frozen: ["backbone.embeding"] })).toThrow(
      'did you mean "backbone.embedding"?',
    );
  });

  it("refuses to leave nothing to train", () => {
    expect(() => trainedParameters(names, { frozen: ["vision", "visionary", "backbone", "expert"] })).toThrow(
      "got all 5 frozen",
    );
  });

  it("are those below what a list names, those of a part that has a name, and adapters in any case", () => {
    const all = [...names, "vision.tower.patch", "embedding", "action.in", "state", "adapter.backbone.up"];
    const trains = (choice: Partial<TrainingChoice>) => trainedParameters(all, { frozen: [], ...choice });
    expect(trains({ train: ["vision.block", "state"] })).toEqual([
      "vision.block.0.query",
      "state",
      "adapter.backbone.up",
    ]);
    expect(trains({ train: "all" })).toEqual(all);
    expect(trains({ train: "without vision" })).toEqual(all.filter((name) => name !== "vision.tower.patch"));
    expect(trains({ train: "without backbone" })).toEqual(
      all.filter((name) => name !== "backbone.embedding" && name !== "embedding"),
    );
    expect(trains({ train: "expert" })).toEqual(["expert.out", "action.in", "state", "adapter.backbone.up"]);
    expect(trains({ train: "projections", frozen: ["state"] })).toEqual(["action.in", "adapter.backbone.up"]);
    expect(trains({ train: "projections", frozen: ["adapter"] })).toEqual(["action.in", "state"]);
  });

  it("refuses a part that the policy does not have, and lists that name nothing", () => {
    const refused = (choice: Partial<TrainingChoice>) => () => trainedParameters(names, { frozen: [], ...choice });
    expect(() => trainedParameters(["vision.tower.a", "scores.weight"], { train: "expert", frozen: [] })).toThrow(
      'optimizer.train: expected a part that the policy has, got "expert" (expert, groot, state, action) of one that has vision, scores',
    );
    expect(refused({ train: ["expert", "stat"] })).toThrow(
      'optimizer.train: expected beginnings of parameter names, got "stat"',
    );
    expect(refused({ train: "expert", frozen: ["expert"] })).toThrow("got all 5 frozen by train and frozen");
  });
});
