import { describe, expect, it } from "vitest";
import { constant } from "../graph/array.ts";
import { zeros } from "../graph/host-array.ts";
import { bits, evaluate, plainly } from "../graph/testing/evaluate.ts";
import { Scope } from "../nn/parameter.ts";
import { Rules } from "../validity/rules.ts";
import { SymbolicPadded, SymbolicValidity } from "../validity/symbolic.ts";
import type { Segment, Sight } from "./segment.ts";
import { TokenStream } from "./stream.ts";

const scope = Scope.root(Rules.all);
const streamOf = (segments: readonly Segment[]) => TokenStream.of(scope, segments);

/** A segment of tokens without content, real where `there` says so. */
function segment(name: Segment["name"], sight: Sight, there: readonly number[]): Segment {
  const real = constant(bits("b n", [1, there.length], [...there]));
  const valid = SymbolicValidity.complete("b n", [1, there.length]).reshaped(() => real);
  const tokens = constant(zeros("b n e", [1, there.length, 1], "float32"));
  return { name, sight, tokens: SymbolicPadded.of(tokens, valid), keys: "real" };
}

describe("tokens of pictures in a grid", () => {
  /** By token: in time, of its row, of its column. */
  async function placesOf(stream: TokenStream): Promise<string[]> {
    const { axes, shape } = stream.positions;
    expect([axes, shape[2]]).toEqual(["b n r", 3]);
    const { at } = await evaluate({ at: stream.positions }, plainly);
    return Array.from({ length: shape[1]! }, (_, token) => [...at.slice(3 * token, 3 * token + 3)].join(" "));
  }
  const picture = (isThere: 0 | 1) => Array<number>(4).fill(isThere);

  it("stand at one time, at their row and column; what comes behind stands as many places on as a picture has rows", async () => {
    const prefix = streamOf([
      segment("pictures", "within", [...picture(1), ...picture(1)]),
      segment("prompt", "joins-previous", [1, 1, 0]),
      segment("state", "joins-previous", [0, 1]),
    ]).withPictureGrids(2);
    const pictures = ["0 0 0", "0 0 1", "0 1 0", "0 1 1", "2 2 2", "2 2 3", "2 3 2", "2 3 3"];
    const places = await placesOf(prefix);
    expect(places.slice(0, 10)).toEqual([...pictures, "4 4 4", "5 5 5"]);
    expect(places[12]).toBe("6 6 6");
    const suffix = prefix.continuedBy(scope, [segment("actions", "causal", [1, 1])]);
    expect(await placesOf(suffix)).toEqual(["7 7 7", "8 8 8"]);
  });

  it("a picture that does not exist moves none", async () => {
    const stream = (there: readonly (0 | 1)[]) =>
      streamOf([
        segment("pictures", "within", there.flatMap(picture)),
        segment("prompt", "joins-previous", [1, 1]),
      ]).withPictureGrids(2);
    const [alone, between] = [await placesOf(stream([1, 1])), await placesOf(stream([0, 1, 0, 1, 0]))];
    expect([...between.slice(4, 8), ...between.slice(12, 16), ...between.slice(20)]).toEqual(alone);
  });

  it("are whole pictures, and tokens of nothing else stand in a grid", async () => {
    const stream = streamOf([segment("pictures", "within", Array<number>(6).fill(1))]).withPictureGrids(2);
    expect(() => stream.positions).toThrow(
      "placesInGrids: expected pictures of 2 times 2 tokens, got 6 tokens of pictures",
    );
    expect(await placesOf(streamOf([segment("prompt", "within", [1, 1, 1, 1])]).withPictureGrids(2))).toEqual(
      [0, 1, 2, 3].map((place) => `${place} ${place} ${place}`),
    );
  });

  it("a window counts tokens, not places", async () => {
    const segments = [segment("pictures", "within", picture(1)), segment("prompt", "causal", [1, 1])];
    const [grid, line] = [streamOf(segments).withPictureGrids(2), streamOf(segments)];
    const masks = { grid: grid.windowed(3).mayRead!, line: line.windowed(3).mayRead! };
    const found = await evaluate(masks, plainly);
    // The first word reads itself and two patches, the second one patch less.
    expect([...found.grid.slice(4 * 6)]).toEqual([0, 0, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1]);
    expect([...found.grid]).toEqual([...found.line]);
  });
});
