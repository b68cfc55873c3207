import { describe, expect, it } from "vitest";
import { constant } from "../graph/array.ts";
import { HostArray, zeros } from "../graph/host-array.ts";
import { evaluate, plainly } from "../graph/testing/evaluate.ts";
import { Scope } from "../nn/parameter.ts";
import type { AttentionPattern } from "../nn/pattern.ts";
import { Rules } from "../validity/rules.ts";
import { SymbolicPadded, SymbolicValidity } from "../validity/symbolic.ts";
import type { Segment, Sight } from "./segment.ts";
import { TokenStream } from "./stream.ts";

/** A segment of tokens without content, real where `bits` says so. */
function segment(name: Segment["name"], sight: Sight, bits: readonly number[]): Segment {
  const real = constant(new HostArray("b n", [1, bits.length], "bool", Uint8Array.from(bits)));
  const valid = SymbolicValidity.complete("b n", [1, bits.length]).reshaped(() => real);
  const tokens = constant(zeros("b n e", [1, bits.length, 1], "float32"));
  return { name, sight, tokens: SymbolicPadded.of(tokens, valid), keys: "real" };
}

const scope = Scope.root(Rules.all);
const streamOf = (segments: readonly Segment[]) => TokenStream.of(scope, segments);

const real = (count: number) => Array<number>(count).fill(1);

const rows = (stream: TokenStream) => shown(stream.pattern);

async function shown({ mayRead }: AttentionPattern): Promise<string[]> {
  if (mayRead === null) throw new Error("expected a pattern with a mask");
  const { mask } = await evaluate({ mask: mayRead }, plainly);
  const [, queries = 0, keys = 0] = mayRead.shape;
  return Array.from({ length: queries }, (_, query) => mask.slice(query * keys, (query + 1) * keys).join(""));
}

/** The rule by which big_vision and openpi make the mask, over flags that say where a new block begins. */
function reference(begins: readonly number[], valid: readonly number[]): string[] {
  let count = 0;
  const blocks = begins.map((flag) => (count += flag));
  return blocks.map((own, query) =>
    blocks.map((block, key) => (block <= own && valid[query] === 1 && valid[key] === 1 ? 1 : 0)).join(""),
  );
}

describe("who may read whom", () => {
  // The three worked examples in the docstring of big_vision's make_attn_mask.
  it("is causal in a causal segment", async () => {
    expect(await rows(streamOf([segment("prompt", "causal", real(6))]))).toEqual(reference(real(6), real(6)));
  });

  it("is a prefix-LM where a causal segment follows one that sees itself", async () => {
    const stream = streamOf([segment("prompt", "within", real(3)), segment("prompt", "causal", real(3))]);
    expect(await rows(stream)).toEqual(reference([0, 0, 0, 1, 1, 1], real(6)));
  });

  it("is causal between blocks that see themselves", async () => {
    const stream = streamOf([2, 2, 3, 3].map((size) => segment("prompt", "within", real(size))));
    expect(await rows(stream)).toEqual(reference([1, 0, 1, 0, 1, 0, 0, 1, 0, 0], real(10)));
  });

  it("is causal between the parts of one segment that see themselves", async () => {
    const stream = streamOf([
      segment("prompt", "within", real(2)),
      { ...segment("subgoals", "within", real(6)), parts: 3 },
    ]);
    expect(await rows(stream)).toEqual(reference([0, 0, 1, 0, 1, 0, 1, 0], real(8)));
  });

  it("leaves out unreal tokens as queries and as keys", async () => {
    const stream = streamOf([
      segment("pictures", "within", [1, 1]),
      segment("prompt", "joins-previous", [1, 0]),
      segment("state", "within", [1]),
      segment("actions", "within", [1, 1, 0]),
    ]);
    expect(await rows(stream)).toEqual(reference([0, 0, 0, 0, 1, 1, 0, 0], [1, 1, 1, 0, 1, 1, 1, 0]));
  });

  it("leaves a second part that reads the first alone every real token of it, whatever stands in the second", async () => {
    const prefix = streamOf([segment("pictures", "within", [1, 0]), segment("prompt", "joins-previous", [1, 0])]);
    const suffix = prefix.continuedBy(scope, [segment("actions", "causal", [1, 1, 1])]);
    expect(await shown(suffix.patternOfEarlier)).toEqual(["1010", "1010", "1010"]);
    const { own, all } = await evaluate({ own: suffix.ownPositions, all: suffix.positions }, plainly);
    expect([own, all].map((places) => [...places!])).toEqual([
      [0, 1, 2],
      [2, 3, 4],
    ]);
    expect(() => prefix.patternOfEarlier).toThrow(
      "patternOfEarlier: expected a stream that continues another, got none",
    );
  });

  it("is the same for a stream in two parts, read by its second part", async () => {
    const prefix = [segment("pictures", "within", [1, 0]), segment("prompt", "joins-previous", [1, 0])];
    const suffix = [segment("state", "within", [1]), segment("actions", "within", [1, 1])];
    const whole = await rows(streamOf([...prefix, ...suffix]));
    expect(await rows(streamOf(prefix).continuedBy(scope, suffix))).toEqual(whole.slice(4));
  });
});

it("empty places behind a stream are keys that nobody reads, and none of what continues it", async () => {
  const stream = streamOf([segment("state", "within", [1]), segment("actions", "causal", [1, 1])]);
  expect(await rows(stream.withEmptyPlaces(2))).toEqual(["10000", "11000", "11100"]);
  expect(() => streamOf([segment("state", "within", [1])]).withEmptyPlaces(1)).toThrow(
    'withEmptyPlaces: expected causal tokens in front of them, got "state" within',
  );
  const next = [segment("state", "within", [1])];
  expect(await rows(stream.withEmptyPlaces(2).continuedBy(scope, next))).toEqual(
    await rows(stream.continuedBy(scope, next)),
  );
});

describe("under a sliding window", () => {
  const windowed = (stream: TokenStream, window: number) => shown(stream.windowed(window));

  it("a causal token reads itself and those that stand less than the window before it", async () => {
    const stream = streamOf([segment("prompt", "causal", real(5))]);
    expect(await windowed(stream, 1)).toEqual(["10000", "01000", "00100", "00010", "00001"]);
    expect(await windowed(stream, 3)).toEqual(["10000", "11000", "11100", "01110", "00111"]);
    expect(await windowed(stream, 5)).toEqual(await rows(stream));
  });

  it("tokens that do not exist take no place in it", async () => {
    const stream = streamOf([segment("prompt", "causal", [1, 0, 0, 1, 0, 1])]);
    expect(await windowed(stream, 2)).toEqual(["100000", "000000", "000000", "100100", "000000", "000101"]);
  });

  it("tokens that see each other both ways do so at any distance, and read earlier ones under it", async () => {
    const stream = streamOf([segment("prompt", "causal", real(2)), segment("pictures", "within", real(3))]);
    expect(await windowed(stream, 2)).toEqual(["10000", "11000", "01111", "00111", "00111"]);
  });

  it("it reaches back into the stream that is continued, and empty places stand behind it", async () => {
    const prefix = streamOf([segment("prompt", "causal", [1, 1, 0])]);
    const suffix = prefix.continuedBy(scope, [segment("actions", "causal", real(2))]);
    expect(await windowed(suffix, 2)).toEqual(["01010", "00011"]);
    expect(await windowed(suffix.withEmptyPlaces(1), 3)).toEqual(["110100", "010110"]);
  });

  it.each([0, 1.5])("%d tokens are no window", (window) => {
    const stream = streamOf([segment("prompt", "causal", real(2))]);
    expect(() => stream.windowed(window)).toThrow(`windowed: expected a whole number of tokens from 1, got ${window}`);
  });
});

describe("across streams", () => {
  const own = streamOf([segment("state", "within", [1]), segment("actions", "joins-previous", [1, 0])]);
  const around = streamOf([segment("pictures", "within", [1, 0]), segment("prompt", "joins-previous", [1, 0])]);

  it("real tokens read the real tokens of the other", async () => {
    expect(await shown(own.across(around, "real", "all"))).toEqual(["1010", "1010", "0000"]);
  });

  it("every token of the other is read where its mask is dropped by name", async () => {
    expect(await shown(own.across(around, "every", "all"))).toEqual(["1111", "1111", "0000"]);
  });

  it("every token of the other is read where the rule that hides them is switched off", async () => {
    const broken = Scope.root(Rules.without("cross-attention-keys"));
    const open = TokenStream.of(broken, [segment("state", "within", [1])]);
    expect(await shown(open.across(around, "real", "all"))).toEqual(["1111"]);
  });

  it("tokens of pictures, or the others, are read alone", async () => {
    expect(await shown(own.across(around, "real", "pictures"))).toEqual(["1000", "1000", "0000"]);
    expect(await shown(own.across(around, "real", "text"))).toEqual(["0010", "0010", "0000"]);
    expect(await shown(own.across(around, "every", "text"))).toEqual(["0011", "0011", "0000"]);
  });

  it("tokens read each other whatever their sight where a head has them do so, those that exist or every one", async () => {
    const causal = streamOf([segment("pictures", "within", [1, 0]), segment("prompt", "causal", [1, 1])]);
    expect(await shown(causal.among("real"))).toEqual(["1011", "0000", "1011", "1011"]);
    expect(causal.among("every").mayRead).toBeNull();
    const broken = TokenStream.of(Scope.root(Rules.without("cross-attention-keys")), [
      segment("prompt", "causal", [0]),
    ]);
    expect(broken.among("real").mayRead).toBeNull();
  });

  it("what exists counts, not what a rule that is switched off lets be read", async () => {
    const open = TokenStream.of(Scope.root(Rules.without("view-keys")), [segment("pictures", "within", [1, 0])]);
    expect(await shown(own.across(open, "real", "all"))).toEqual(["10", "10", "00"]);
    expect(await rows(open)).toEqual(["11", "11"]);
    expect([...(await evaluate({ real: open.real.isReal }, plainly)).real]).toEqual([1, 0]);
  });
});

describe("under the rules", () => {
  const under = (rules: Rules, segments: readonly Segment[]) => rows(TokenStream.of(Scope.root(rules), segments));

  it.each([
    ["pictures", "view-keys"],
    ["prompt", "prompt-keys"],
    ["state", "history-state"],
    ["actions", "step-keys"],
  ] as const)("tokens of %s that do not exist are hidden by %s", async (name, rule) => {
    const segments = [segment(name, "within", [1, 0])];
    expect(await under(Rules.all, segments)).toEqual(["10", "00"]);
    expect(await under(Rules.without(rule), segments)).toEqual(["11", "11"]);
  });

  it("tokens that always exist are hidden by none", async () => {
    const asked: string[] = [];
    const rules = Rules.all.heardBy((rule) => asked.push(rule));
    expect(await under(rules, [segment("future", "within", [1, 1])])).toEqual(["11", "11"]);
    expect(asked).toEqual([]);
  });

  it("nothing is hidden from causal steps; step-order keeps them causal, and those that join what is before them joined", async () => {
    const steps = [segment("actions", "causal", [1, 0])];
    expect(await under(Rules.all, steps)).toEqual(["10", "11"]);
    expect(await under(Rules.without("step-order"), steps)).toEqual(["10", "00"]);
    expect(await under(Rules.without("step-order"), [segment("actions", "causal", [1, 1])])).toEqual(["11", "11"]);
    const joined = [segment("state", "within", [1]), segment("actions", "joins-previous", [1, 1])];
    expect(await under(Rules.all, joined)).toEqual(["111", "111", "111"]);
  });

  it("weights that know what does not exist read every token, whatever the rules", async () => {
    expect(await under(Rules.all, [{ ...segment("actions", "within", [1, 0]), keys: "every" }])).toEqual(["11", "11"]);
  });

  it("a listener hears which were asked about, and that alone", () => {
    const asked: string[] = [];
    const rules = Rules.without("prompt-keys").heardBy((rule) => asked.push(rule));
    TokenStream.of(Scope.root(rules), [segment("prompt", "within", [1]), segment("actions", "causal", [1])]);
    expect(asked).toEqual(["prompt-keys", "step-order"]);
    expect([rules.keeps("prompt-keys"), rules.keeps("view-keys")]).toEqual([false, true]);
  });
});

it("what goes into a stream is watched, by segment", () => {
  const watching = Scope.root(Rules.all);
  TokenStream.of(watching.in("groot"), [segment("state", "within", [1]), segment("actions", "causal", [1])]);
  TokenStream.of(watching.unwatched(), [segment("prompt", "within", [1])]);
  expect(watching.watched.map(({ name }) => name)).toEqual(["groot.state", "groot.actions"]);
});

describe("in time", () => {
  const slots = segment("state", "causal", [0, 1, 0, 1]).tokens.valid;

  it("a slot reads itself and those before it, of those that are real", async () => {
    expect(await shown(TokenStream.overTime(scope, slots, 0))).toEqual(["0000", "0100", "0000", "0101"]);
  });

  it("the last slots alone may read", async () => {
    expect(await shown(TokenStream.overTime(scope, slots, 3))).toEqual(["0101"]);
  });

  it("every slot is read where the rule that hides them is switched off", async () => {
    const broken = Scope.root(Rules.without("history-keys"));
    expect(await shown(TokenStream.overTime(broken, slots, 3))).toEqual(["1111"]);
  });
});

describe("positions", () => {
  const positions = async (stream: TokenStream) => [...(await evaluate({ at: stream.positions }, plainly)).at];

  it("count real tokens, so padding shifts nothing", async () => {
    const prefix = [segment("pictures", "within", [1, 1, 0, 0]), segment("prompt", "joins-previous", [1, 0])];
    const suffix = [segment("actions", "within", [1, 1])];
    expect(await positions(streamOf(prefix))).toEqual([0, 1, 1, 1, 2, 2]);
    expect(await positions(streamOf(prefix).continuedBy(scope, suffix))).toEqual([3, 4]);
    const apart = streamOf(prefix).continuedBy(scope, [segment("state", "within", [0, 1]), ...suffix]);
    expect([...(await evaluate({ at: apart.ownPositions }, plainly)).at]).toEqual([0, 0, 1, 2]);
  });
});

it("segments of another number of rows are refused by name", () => {
  const two = constant(zeros("b n e", [2, 1, 1], "float32"));
  const odd: Segment = {
    name: "prompt",
    sight: "within",
    tokens: SymbolicPadded.of(two, SymbolicValidity.complete("b n", [2, 1])),
    keys: "real",
  };
  expect(() => streamOf([segment("pictures", "within", [1]), odd])).toThrow('segment "prompt" has 2 rows, expected 1');
});

describe("a stream divided where what goes in is no longer as it was", () => {
  const parts = (sights: readonly Sight[]) =>
    streamOf([2, 1, 2].map((size, at) => segment(at === 2 ? "state" : "prompt", sights[at]!, real(size))));
  const isShort = (tokens: { readonly shape: readonly number[] }) => tokens.shape[1] === 1;

  it("is two, of which the second continues the first: together they read what the whole does", async () => {
    const whole = parts(["within", "joins-previous", "causal"]);
    let asked = 0;
    const { first, rest } = whole.dividedWhile(() => ++asked < 3)!;
    expect([first.length, rest.length, rest.start]).toEqual([3, 2, 3]);
    expect([...(await rows(first)).map((row) => `${row}00`), ...(await rows(rest))]).toEqual(await rows(whole));
    const positions = async (stream: TokenStream) => {
      if (stream.positions.axes !== "b n") throw new Error("expected places on one axis");
      return [...(await evaluate({ at: stream.positions }, plainly)).at];
    };
    expect([...(await positions(first)), ...(await positions(rest))]).toEqual(await positions(whole));
  });

  it("is none where the first part is nothing or all, or would read the second", () => {
    expect(parts(["within", "causal", "causal"]).dividedWhile(isShort)).toBeNull();
    expect(parts(["within", "causal", "causal"]).dividedWhile(() => true)).toBeNull();
    expect(parts(["within", "joins-previous", "causal"]).dividedWhile((tokens) => !isShort(tokens))).toBeNull();
  });
});
