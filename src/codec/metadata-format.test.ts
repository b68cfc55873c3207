import { expect, it } from "vitest";
import { type EpisodeMetadata, formatMetadata } from "./metadata-format.ts";

/** What OpenTau's `prepare_metadata` gives its tokenizer for the same fields. */
it.each<[EpisodeMetadata, string, string]>([
  [
    { speed: 30, quality: 4, mistake: true, robot: "so101", fps: 15, control: "joint" },
    "Metadata: Speed: 30,  Quality: 4,  Mistake: True,  Robot: so101,  FPS: 15,  Control: joint, ",
    "Metadata: Speed: 30.0,  Quality: 4.0,  Mistake: True,  Robot: so101,  FPS: 15,  Control: joint, ",
  ],
  [{ mistake: false }, "Metadata: Mistake: False, ", "Metadata: Mistake: False, "],
  [
    { speed: 0, quality: 0, fps: 0 },
    "Metadata: Speed: 0,  Quality: 0,  FPS: 0, ",
    "Metadata: Speed: 0.0,  Quality: 0.0,  FPS: 0, ",
  ],
  [{ quality: 2, control: "ee" }, "Metadata: Quality: 2,  Control: ee, ", "Metadata: Quality: 2.0,  Control: ee, "],
  [{ robot: "", control: "" }, "", ""],
  [{}, "", ""],
])("metadata %j says the fields that are known, and nothing where none is", (metadata, whole, point) => {
  expect(formatMetadata("pi07", metadata)).toBe(whole);
  expect(formatMetadata("pi07_paligemma", metadata)).toBe(point);
});

it("a rate of frames is whole, whatever the recording has, and a speed between two keeps its fraction where it has a point", () => {
  expect(formatMetadata("pi07", { speed: 12.5, fps: 29.97 })).toBe("Metadata: Speed: 12,  FPS: 29, ");
  expect(formatMetadata("pi07_paligemma", { speed: 12.5 })).toBe("Metadata: Speed: 12.5, ");
});
