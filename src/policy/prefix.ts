import { type SymbolicArray, sizeOf } from "../graph/array.ts";
import { largestDivisor } from "../graph/axes.ts";
import { alignAny } from "../graph/op/align.ts";
import { scale } from "../graph/op/elementwise.ts";
import { gather } from "../graph/op/gather.ts";
import { inParts } from "../graph/op/loop.ts";
import { merge, rename, slice, split } from "../graph/op/shape.ts";
import type { Scope } from "../nn/parameter.ts";
import { SymbolicPadded } from "../validity/symbolic.ts";
import type { BackboneChoice, EmbeddingScale } from "./backbone.ts";
import { connect } from "./connector.ts";
import { fixedText, type TextOf, type Texts } from "./fixed-text.ts";
import { stateSegment } from "./head/tokens.ts";
import type { Observation, Pictures } from "./inputs.ts";
import { markedPictures, type PictureMarks } from "./picture-mark.ts";
import type { Segment, Sight, Tokens } from "./segment.ts";
import type { PolicySize, VisionSize } from "./size.ts";
import { TokenStream } from "./stream.ts";
import type { TowerChoice } from "./tower.ts";
import { encodePictures } from "./vision.ts";

/** A part of what the backbone reads, and how its tokens see each other; every part sees all parts before it. */
export type PrefixSegment =
  | {
      readonly tokens: "pictures" | "prompt" | "response" | "state" | "metadata" | "subgoals";
      readonly sight: Sight;
    }
  | { readonly tokens: "text"; readonly sight: Sight; readonly text: string; readonly of: TextOf }
  | { readonly tokens: "marked pictures"; readonly sight: Sight; readonly marks: PictureMarks };

/** What a prefix is made from. */
export interface PrefixForm {
  readonly variant: {
    readonly prefix: readonly PrefixSegment[];
    readonly backbone: BackboneChoice;
    readonly tower: TowerChoice;
  };
  readonly size: PolicySize;
  readonly vocabulary: number;
  /** Tokens of the texts that stand in every prefix. */
  readonly texts: Texts;
}

/** What the backbone reads before anything about actions. */
export function prefixStream(scope: Scope, form: PrefixForm, observation: Observation): TokenStream {
  const stream = TokenStream.of(scope, segmentsOf(scope, form, observation));
  const { picture, patch, square } = form.size.vision;
  switch (form.variant.backbone.positions) {
    case "one axis":
      return stream;
    case "three axes":
      if (form.variant.prefix.some(({ tokens }) => tokens === "marked pictures"))
        throw new RangeError("prefixStream: expected pictures without marks where they stand in rows and columns");
      return stream.withPictureGrids(picture / patch / square);
  }
}

/** What is there of a prefix. A part of which there is nothing opens a block all the same: what joins it then opens one. */
function segmentsOf(scope: Scope, form: PrefixForm, observation: Observation): Segment[] {
  let opens = false;
  return form.variant.prefix.flatMap((part) => {
    const segments = [segmentOf(part, scope, form, observation)].flat();
    const sight = opens && part.sight === "joins-previous" ? "within" : part.sight;
    opens = segments.length === 0 && sight === "within";
    return segments.map((segment) => ({ ...segment, sight }));
  });
}

/** None where a policy has no eyes, hence no tower, or reads no responses: arrays of no cells are no arrays. */
function segmentOf(part: PrefixSegment, scope: Scope, form: PrefixForm, observation: Observation): Segment | [] {
  const { sight } = part;
  const [, , views = 0] = observation.images.valid.isReal.shape;
  switch (part.tokens) {
    case "pictures": {
      if (views === 0) return [];
      const tokens = pictureTokens(scope.in("vision"), form, observation.images);
      return { name: "pictures", tokens, keys: "real", sight };
    }
    case "marked pictures": {
      if (views === 0) return [];
      const pictures = pictureTokens(scope.in("vision"), form, observation.images);
      const marked = markedPictures({ pictures, views, table: embedding(scope, form), marks: part.marks });
      return { name: "pictures", ...marked, sight };
    }
    case "prompt":
      return { name: "prompt", tokens: promptTokens(scope, form, observation), keys: "real", sight };
    case "response": {
      const { response, facts } = observation;
      const [, length = 0] = facts.responseReal.isReal.shape;
      if (length === 0) return [];
      const ids = rename(response.selected(0), "r", "n");
      const real = facts.responseReal.reshaped((bits) => rename(bits, "r", "n"));
      return { name: "response", tokens: SymbolicPadded.of(embedded(scope, form, ids), real), keys: "real", sight };
    }
    case "state":
      return { ...stateSegment(scope.in("state"), form.size.backbone.width, observation), sight };
    case "text": {
      const { ids, real } = fixedText(form.texts, part.text, part.of, observation);
      return { name: "text", tokens: SymbolicPadded.of(embedded(scope, form, ids), real), keys: "real", sight };
    }
    case "metadata":
      return { name: "metadata", tokens: metadataTokens(scope, form, observation), keys: "real", sight };
    case "subgoals": {
      const [, views = 0] = observation.subgoals.valid.isReal.shape;
      if (views === 0) return [];
      const tokens = pictureTokens(scope.in("vision"), form, stillPictures(observation));
      return { name: "subgoals", tokens, keys: "real", sight, parts: views };
    }
  }
}

/**
 * What is to be reached, by view, as pictures of now alone: none of them has a history.
 *
 * @source OpenTau `gemma3_with_expert.py` `embed_image`, under `suppress_spacetime_temporal`
 */
function stillPictures({ subgoals }: Observation): Pictures {
  return subgoals.read((pixels, valid) => {
    const rows = sizeOf(pixels, "b");
    return SymbolicPadded.of(
      split(rename(pixels, "x", "v"), "b", "b o", [rows, 1]),
      valid.reshaped((bits) => split(rename(bits, "x", "v"), "b", "b o", [rows, 1])),
    );
  });
}

function metadataTokens(scope: Scope, form: PrefixForm, { metadata }: Observation): Tokens {
  const ids = rename(metadata.selected(0), "z", "n");
  const real = metadata.valid.reshaped((bits) => rename(bits, "z", "n"));
  return SymbolicPadded.of(embedded(scope, form, ids), real);
}

/** Pictures now. Absent views do not exist: they are not black pictures. */
function pictureTokens(scope: Scope, { variant, size }: PrefixForm, images: Pictures): Tokens {
  const [b, o, v] = images.valid.isReal.shape;
  const tower = { choice: variant.tower, size: size.vision };
  const { square, queries } = size.vision;
  const connector = { width: size.backbone.width, square, queries };
  const encode = (some: Pictures) =>
    connect(scope.in("projector"), variant.tower.connector, encodePictures(scope.in("tower"), tower, some), connector);
  const whole = encode(images);
  const encoded = scope.isStill([whole]) ? fewAtATime(images, size.vision, encode) : whole;
  const perPatch = { axes: "b v p", shape: [b!, v!, sizeOf(encoded, "n")], type: "bool" } as const;
  const real = images.valid.reshaped((bits) =>
    merge(alignAny(merge(slice(bits, "o", o! - 1, o!), "o v", "v"), perPatch), "v p", "n"),
  );
  const tokens = merge(split(rename(encoded, "n", "p"), "b", "b v", [b!, v!]), "v p", "n");
  return SymbolicPadded.of(scaled(tokens, variant.backbone.pictureScale), real);
}

/** Patches that a tower computes at a time: fewer make slower products, of more the arrays do not stay in the cache. */
const patchesAtATime = 1024;

/**
 * What is made of pictures without a gradient, a few after the others: nobody needs what is between the layers of all of them. As they are
 * where they have a history.
 */
function fewAtATime(
  images: Pictures,
  { picture, patch }: VisionSize,
  encode: (some: Pictures) => SymbolicArray<"b n e">,
): SymbolicArray<"b n e"> {
  const [b = 0, o = 0, v = 0] = images.valid.isReal.shape;
  const most = Math.max(1, Math.floor(patchesAtATime / (picture / patch) ** 2));
  const count = largestDivisor(b * v, most);
  if (o !== 1 || count === b * v) return encode(images);
  return images.read((pixels, valid) => {
    const arrays = [merge(pixels, "b o v", "b"), merge(valid.isReal, "b o v", "b")] as const;
    return inParts(arrays, count, ([some, real]) => {
      const alone = [count, 1, 1];
      const isReal = valid.reshaped(() => split(real, "b", "b o v", alone));
      return encode(SymbolicPadded.of(split(some, "b", "b o v", alone), isReal));
    });
  });
}

/** The backbone's table of tokens, `[y e]`: what it reads them by and, where it says any, says them by. */
export function embedding(scope: Scope, { size, vocabulary }: Pick<PrefixForm, "size" | "vocabulary">) {
  const { width } = size.backbone;
  const initial = { kind: "normal", deviation: width ** -0.5 } as const;
  return scope.in("embedding").parameter("weight", "y e", [vocabulary, width], initial);
}

function promptTokens(scope: Scope, form: PrefixForm, { prompt, facts }: Observation): Tokens {
  return SymbolicPadded.of(embedded(scope, form, prompt.selected(0)), facts.tokenReal);
}

/**
 * Tokens as the backbone reads them: rows of its table, scaled.
 *
 * @source openpi `gemma.py` `Embedder`: the embedding times √width
 */
export function embedded(
  scope: Scope,
  form: Pick<PrefixForm, "variant" | "size" | "vocabulary">,
  ids: SymbolicArray<"b n", "int32">,
): SymbolicArray<"b n e"> {
  return scaled(gather(embedding(scope, form), ids, "b n e"), form.variant.backbone.embeddingScale);
}

function scaled(rows: SymbolicArray<"b n e">, by: EmbeddingScale): SymbolicArray<"b n e"> {
  switch (by) {
    case "root of width":
      return scale(rows, Math.sqrt(sizeOf(rows, "e")));
    case "one":
      return rows;
  }
}
