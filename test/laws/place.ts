import { alignAny } from "../../src/graph/op/align.ts";
import { square, tanh } from "../../src/graph/op/elementwise.ts";
import { rope } from "../../src/graph/op/rope.ts";
import { select } from "../../src/graph/op/select.ts";
import { concat, merge, rename, slice, split } from "../../src/graph/op/shape.ts";
import { attend } from "../../src/nn/attention.ts";
import { Scope } from "../../src/nn/parameter.ts";
import { TokenStream } from "../../src/policy/stream.ts";
import { Rules } from "../../src/validity/rules.ts";
import { SymbolicValidity } from "../../src/validity/symbolic.ts";
import { withoutContent } from "./stream.ts";
import { argumentsOf, graphOf, type Inputs, type Subject, type Traced } from "./subject.ts";

const [b, v, p, n, o, a, f] = [3, 2, 4, 4, 2, 2, 6];
const rounding = { relative: 2e-6, absolute: 1e-7, because: "float32 sums over more keys" };

/**
 * What pictures, words and states read of each other where they are turned by their places along three axes.
 *
 * @param placing under which tokens are counted; what may be read is under every rule
 */
export function picturesWordsAndStates(placing: Rules): Subject {
  return {
    given: argumentsOf(
      {
        pictures: ["b v p a f", [b, v, p, a, f]],
        words: ["b n a f", [b, n, a, f]],
        states: ["b o a f", [b, o, a, f]],
      },
      {
        viewReal: ["b v", [b, v], [1, 0, 0, 1, 1, 1]],
        tokenReal: ["b n", [b, n], [1, 1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0]],
        stateReal: ["b o", [b, o], [1, 1, 0, 1, 0, 1]],
      },
    ),
    signature: {
      real: { pictures: "viewReal", words: "tokenReal", states: "stateReal" },
      unreal: "finite",
      grows: { v: rounding, n: rounding, b: rounding },
      rows: rounding,
      horizon: null,
    },
    run: graphOf((inputs) => traced(placing, inputs), new Map()),
  };
}

function traced(placing: Rules, inputs: Inputs): Traced {
  const pictures = inputs.value("pictures", "b v p a f");
  const [words, states] = [inputs.value("words", "b n a f"), inputs.value("states", "b o a f")];
  const [rows = 0, views = 0] = pictures.shape;
  const length = words.shape[1]!;
  const viewReal = SymbolicValidity.input("viewReal", "b v", [rows, views]);
  const tokenReal = SymbolicValidity.input("tokenReal", "b n", [rows, length]);
  const stateReal = SymbolicValidity.input("stateReal", "b o", [rows, o]);
  const perPatch = { axes: "b v p", shape: [rows, views, p], type: "bool" } as const;
  const patchReal = viewReal.reshaped((bits) => merge(alignAny(bits, perPatch), "v p", "n"));
  const streamUnder = (rules: Rules) =>
    TokenStream.of(Scope.root(rules), [
      { name: "pictures", sight: "within", keys: "real", tokens: withoutContent(patchReal) },
      { name: "prompt", sight: "joins-previous", keys: "real", tokens: withoutContent(tokenReal) },
      {
        name: "state",
        sight: "joins-previous",
        keys: "real",
        tokens: withoutContent(stateReal.reshaped((bits) => rename(bits, "o", "n"))),
      },
    ]).withPictureGrids(2);
  const patches = views * p;
  const whole = tanh(concat("n", [merge(pictures, "v p", "n"), words, rename(states, "o", "n")]));
  const turned = rope(whole, streamUnder(placing).positions, { base: 10, limit: patches + length + o });
  const asKeys = (x: typeof whole) => rename(rename(x, "n", "k"), "a", "g");
  const { pattern } = streamUnder(Rules.all);
  const read = square(rename(attend(rename(turned, "n", "q"), asKeys(turned), asKeys(whole), pattern), "q", "n"));
  const ofPictures = split(slice(read, "n", 0, patches), "n", "v p", [views, p]);
  const ofWords = slice(read, "n", patches, patches + length);
  const ofStates = rename(slice(read, "n", patches + length, patches + length + o), "n", "o");
  return {
    outputs: {
      "read by pictures": select(alignAny(viewReal.isReal, ofPictures), ofPictures, 0),
      "read by words": select(alignAny(tokenReal.isReal, ofWords), ofWords, 0),
      "read by states": select(alignAny(stateReal.isReal, ofStates), ofStates, 0),
    },
    by: { pictures, words, states },
  };
}
