import { expect, it } from "vitest";
import { quantityOf, stemOf, words } from "./words.ts";

it("a name falls into its words however it is joined", () => {
  expect(words("kLeftShoulderPitch")).toEqual(["k", "left", "shoulder", "pitch"]);
  expect(words("left_shoulder.pitch-2")).toEqual(["left", "shoulder", "pitch", "2"]);
});

it("who moves an entry and whether it is wanted or measured is not what it is", () => {
  expect(["main_elbow.pos", "follower_elbow", "elbow_target", "observation.elbow"].map(stemOf)).toEqual(
    Array(4).fill("elbow"),
  );
  expect(stemOf("elbow_vel")).toBe("elbow vel");
});

it("a name tells what its number measures, and a plain one is a position", () => {
  expect(["joint_0_vel", "wristTorque", "delta_x", "elbow"].map(quantityOf)).toEqual([
    "velocity",
    "effort",
    "difference",
    "position",
  ]);
});
