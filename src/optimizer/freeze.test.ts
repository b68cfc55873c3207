import { describe, expect, it } from "vitest";
import { InputError } from "../input-error.ts";
import { trainedParameters } from "./freeze.ts";

const names = ["vision.patch.weight", "vision.block.0.query", "visionary", "backbone.embedding", "expert.out"];

describe("trainedParameters", () => {
  it("are all where nothing is frozen", () => {
    expect(trainedParameters(names, [])).toEqual(names);
  });

  it("are those below no frozen beginning, which ends at a dot", () => {
    expect(trainedParameters(names, ["vision"])).toEqual(["visionary", "backbone.embedding", "expert.out"]);
    expect(trainedParameters(names, ["vision.block", "backbone.embedding"])).toEqual([
      "vision.patch.weight",
      "visionary",
      "expert.out",
    ]);
  });

  it("refuses a pattern that freezes nothing, with the nearest that would", () => {
    for (const pattern of ["vison", "vision.pat", "vision.", ""])
      expect(() => trainedParameters(names, [pattern])).toThrow(InputError);
    expect(() => trainedParameters(names, ["expert", "vision.blok"])).toThrow(
      'got "vision.blok", which freezes nothing; did you mean "vision.block"?',
    );
    expect(() => trainedParameters(names, ["backbone.embeding"])).toThrow('did you mean "backbone.embedding"?');
  });

  it("refuses to leave nothing to train", () => {
    expect(() => trainedParameters(names, ["vision", "visionary", "backbone", "expert"])).toThrow("got all 5 frozen");
  });
});
