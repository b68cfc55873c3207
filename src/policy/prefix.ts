import { sizeOf } from "../graph/array.ts";
import { alignAny } from "../graph/op/align.ts";
import { scale } from "../graph/op/elementwise.ts";
import { gather } from "../graph/op/gather.ts";
import { merge, rename, slice, split } from "../graph/op/shape.ts";
import { linear } from "../nn/linear.ts";
import type { Scope } from "../nn/parameter.ts";
import { SymbolicPadded } from "../validity/symbolic.ts";
import type { Observation } from "./inputs.ts";
import type { PolicySize } from "./size.ts";
import { everyToken, type Segment, TokenStream } from "./stream.ts";
import { encodePictures } from "./vision.ts";

/** What the backbone reads before anything about actions: pictures, then the prompt, all seeing each other. */
export function prefixStream(
  scope: Scope,
  size: PolicySize,
  vocabulary: number,
  observation: Observation,
): TokenStream {
  const [, , views] = observation.images.valid.isReal.shape;
  return TokenStream.of([
    // A policy without eyes has no tower: arrays of no cells are no arrays.
    ...(views === 0 ? [] : [pictureSegment(scope.in("vision"), size, observation)]),
    promptSegment(scope, size, vocabulary, observation),
  ]);
}

/** Pictures now. Absent views are no keys: they are not black pictures. */
function pictureSegment(scope: Scope, size: PolicySize, { images }: Observation): Segment {
  const [b, o, v] = images.valid.isReal.shape;
  const seen = linear(scope.in("projector"), encodePictures(scope.in("tower"), size.vision, images), {
    from: "e",
    to: "e",
    sizes: [size.backbone.width],
    bias: "zero",
    initial: "fan-in",
  });
  const patches = sizeOf(seen, "n");
  const perPatch = { axes: "b v p", shape: [b!, v!, patches], type: "bool" } as const;
  const real = images.valid.reshaped((bits) =>
    merge(alignAny(merge(slice(bits, "o", o! - 1, o!), "o v", "v"), perPatch), "v p", "n"),
  );
  const tokens = merge(split(rename(seen, "n", "p"), "b", "b v", [b!, v!]), "v p", "n");
  return {
    name: "pictures",
    tokens: SymbolicPadded.of(scope.watch("pictures", tokens, real), real),
    keys: scope.rules.keeps("view-keys") ? real : everyToken(tokens),
    sight: "within",
  };
}

/** @source openpi `gemma.py` `Embedder`: the embedding times √width */
function promptSegment(scope: Scope, size: PolicySize, vocabulary: number, { prompt, facts }: Observation): Segment {
  const { width } = size.backbone;
  const table = scope
    .in("embedding")
    .parameter("weight", "y e", [vocabulary, width], { kind: "normal", deviation: width ** -0.5 });
  const tokens = scale(gather(table, prompt.selected(0), "b n e"), Math.sqrt(width));
  return {
    name: "prompt",
    tokens: SymbolicPadded.of(scope.watch("prompt", tokens, facts.tokenReal), facts.tokenReal),
    keys: scope.rules.keeps("prompt-keys") ? facts.tokenReal : everyToken(tokens),
    sight: "joins-previous",
  };
}
