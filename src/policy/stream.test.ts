import { describe, expect, it } from "vitest";
import { constant } from "../graph/array.ts";
import { HostArray, zeros } from "../graph/host-array.ts";
import { evaluate, plainly } from "../graph/testing/evaluate.ts";
import type { AttentionPattern } from "../nn/pattern.ts";
import { SymbolicPadded, SymbolicValidity } from "../validity/symbolic.ts";
import { everyToken, type Segment, type Sight, TokenStream } from "./stream.ts";

/** A segment of tokens without content, real where `bits` says so. */
function segment(name: string, sight: Sight, bits: readonly number[]): Segment {
  const real = constant(new HostArray("b n", [1, bits.length], "bool", Uint8Array.from(bits)));
  const valid = SymbolicValidity.complete("b n", [1, bits.length]).reshaped(() => real);
  const tokens = constant(zeros("b n e", [1, bits.length, 1], "float32"));
  return {
    name,
    sight,
    tokens: SymbolicPadded.of(tokens, valid),
    keys: valid,
  };
}

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
    expect(await rows(TokenStream.of([segment("a", "causal", real(6))]))).toEqual(reference(real(6), real(6)));
  });

  it("is a prefix-LM where a causal segment follows one that sees itself", async () => {
    const stream = TokenStream.of([segment("prefix", "within", real(3)), segment("answer", "causal", real(3))]);
    expect(await rows(stream)).toEqual(reference([0, 0, 0, 1, 1, 1], real(6)));
  });

  it("is causal between blocks that see themselves", async () => {
    const stream = TokenStream.of([2, 2, 3, 3].map((size, at) => segment(`block ${at}`, "within", real(size))));
    expect(await rows(stream)).toEqual(reference([1, 0, 1, 0, 1, 0, 0, 1, 0, 0], real(10)));
  });

  it("leaves out unreal tokens as queries and as keys", async () => {
    const stream = TokenStream.of([
      segment("pictures", "within", [1, 1]),
      segment("prompt", "joins-previous", [1, 0]),
      segment("state", "within", [1]),
      segment("actions", "within", [1, 1, 0]),
    ]);
    expect(await rows(stream)).toEqual(reference([0, 0, 0, 0, 1, 1, 0, 0], [1, 1, 1, 0, 1, 1, 1, 0]));
  });

  it("is the same for a stream in two parts, read by its second part", async () => {
    const prefix = [segment("pictures", "within", [1, 0]), segment("prompt", "joins-previous", [1, 0])];
    const suffix = [segment("state", "within", [1]), segment("actions", "within", [1, 1])];
    const whole = await rows(TokenStream.of([...prefix, ...suffix]));
    expect(await rows(TokenStream.of(prefix).continuedBy(suffix))).toEqual(whole.slice(4));
  });
});

it("empty places behind a stream are keys that nobody reads, and none of what continues it", async () => {
  const stream = TokenStream.of([segment("state", "within", [1]), segment("actions", "causal", [1, 1])]);
  expect(await rows(stream.withEmptyPlaces(2))).toEqual(["10000", "11000", "11100"]);
  const next = [segment("next", "within", [1])];
  expect(await rows(stream.withEmptyPlaces(2).continuedBy(next))).toEqual(await rows(stream.continuedBy(next)));
});

describe("across streams", () => {
  const own = TokenStream.of([segment("state", "within", [1]), segment("actions", "joins-previous", [1, 0])]);
  const around = TokenStream.of([segment("pictures", "within", [1, 0]), segment("prompt", "joins-previous", [1, 0])]);

  it("real tokens read the real tokens of the other", async () => {
    expect(await shown(own.across(around, "real"))).toEqual(["1010", "1010", "0000"]);
  });

  it("every token of the other is read where its mask is dropped by name", async () => {
    expect(await shown(own.across(around, "every"))).toEqual(["1111", "1111", "0000"]);
  });

  it("what exists counts, not what a rule that is switched off lets be read", async () => {
    const pictures = segment("pictures", "within", [1, 0]);
    const open = TokenStream.of([{ ...pictures, keys: SymbolicValidity.complete("b n", [1, 2]) }]);
    expect(await shown(own.across(open, "real"))).toEqual(["10", "10", "00"]);
    expect(await rows(open)).toEqual(["11", "11"]);
    expect([...(await evaluate({ real: open.real.isReal }, plainly)).real]).toEqual([1, 0]);
  });
});

describe("in time", () => {
  const keys = segment("slots", "causal", [0, 1, 0, 1]).keys;

  it("a slot reads itself and those before it, of those that are real", async () => {
    expect(await shown(TokenStream.causal(keys, 0))).toEqual(["0000", "0100", "0000", "0101"]);
  });

  it("the last slots alone may ask", async () => {
    expect(await shown(TokenStream.causal(keys, 3))).toEqual(["0101"]);
  });
});

describe("positions", () => {
  const positions = async (stream: TokenStream) => [...(await evaluate({ at: stream.positions }, plainly)).at];

  it("count real tokens, so padding shifts nothing", async () => {
    const prefix = [segment("pictures", "within", [1, 1, 0, 0]), segment("prompt", "joins-previous", [1, 0])];
    const suffix = [segment("actions", "within", [1, 1])];
    expect(await positions(TokenStream.of(prefix))).toEqual([0, 1, 1, 1, 2, 2]);
    expect(await positions(TokenStream.of(prefix).continuedBy(suffix))).toEqual([3, 4]);
  });
});

it("segments of another number of rows are refused by name", () => {
  const two = constant(zeros("b n e", [2, 1, 1], "float32"));
  const odd: Segment = {
    name: "prompt",
    sight: "within",
    tokens: SymbolicPadded.of(two, everyToken(two)),
    keys: everyToken(two),
  };
  expect(() => TokenStream.of([segment("pictures", "within", [1]), odd])).toThrow(
    'segment "prompt" has 2 rows, expected 1',
  );
});
