import type { SymbolicArray } from "../../src/graph/array.ts";
import { type Arrays, type DataType, HostArray, zeros } from "../../src/graph/host-array.ts";
import { largest } from "../../src/graph/op/largest.ts";
import { merge, slice } from "../../src/graph/op/shape.ts";
import { Program } from "../../src/graph/program.ts";
import { evaluate, runProgram } from "../../src/graph/testing/evaluate.ts";
import { Scope } from "../../src/nn/parameter.ts";
import { saidAnswer } from "../../src/objective/objective.ts";
import { answerInputs, answerScores } from "../../src/objective/tokens.ts";
import type { Setting, TracedPolicy } from "../../src/objective/traced.ts";
import { tokenScores } from "../../src/policy/answer.ts";
import { observationInputs } from "../../src/policy/inputs.ts";
import type { TokensChoice } from "../../src/policy/objective-choice.ts";
import { perceive } from "../../src/policy/policy.ts";
import type { ReferenceCase } from "./case.ts";
import { type Compared, compare } from "./compare.ts";

/** What decoding is held against, with what the policy of a case is fed beside its prompt. */
export interface DecodedCase {
  readonly setting: Setting;
  readonly choice: TokensChoice;
  readonly reference: ReferenceCase;
  readonly feeds: Arrays;
  readonly weights: Arrays;
}

/**
 * Tokens that a policy says by itself, with its cache and without, against its origin's.
 *
 * LeRobot has the token that begins an answer stand at the end of the prompt, whose tokens see it, as none did in training: so here.
 */
export async function compareDecoded(given: DecodedCase): Promise<Compared[]> {
  const { reference, setting } = given;
  const { layout } = setting;
  const longer = { ...setting, layout: { ...layout, tokens: layout.tokens + 1 } };
  const feeds = new Map([...given.feeds, ...withBegin(reference)]);
  const own = { ...given, setting: longer, feeds };
  const found = { "out.decoded": withCache, "out.decoded_without_cache": withoutCache };
  const compared: Compared[] = [];
  for (const [name, say] of Object.entries(found))
    if (reference.has(name)) compared.push(compare(name, await say(own, name), reference.numbers(name), 0));
  return compared;
}

/** The prompt with the token that begins an answer behind its last place. */
export function withBegin(reference: ReferenceCase): Arrays {
  const [rows = 0, tokens = 0] = reference.shape("in.tokens");
  const longer = (name: string, last: number) => {
    const own = reference.numbers(name);
    return Int32Array.from({ length: rows * (tokens + 1) }, (_, at) => {
      const [row, place] = [Math.floor(at / (tokens + 1)), at % (tokens + 1)];
      return place === tokens ? last : own[row * tokens + place]!;
    });
  };
  const real = Uint8Array.from(longer("in.tokens_mask", 1));
  return new Map<string, HostArray<string, DataType>>([
    ["prompt", new HostArray("b n", [rows, tokens + 1], "int32", longer("in.tokens", reference.marks.begin))],
    ["tokenReal", new HostArray("b n", [rows, tokens + 1], "bool", real)],
  ]);
}

/** As a policy says them that begins its answers in the prompt: in one program. */
async function withCache(given: DecodedCase, name: string): Promise<Float64Array> {
  const { setting, reference, feeds, weights } = given;
  const [, steps = 0] = reference.shape(name);
  const { answer } = saidAnswer(
    { ...setting, layout: { ...setting.layout, tokens: setting.layout.tokens - 1, actionTokens: steps + 1 } },
    { begins: "prompt" },
  );
  const mark = (token: number) => new HostArray("", [], "int32", Int32Array.of(token));
  const own = new Map([...feeds, [answerInputs.end, mark(reference.marks.end)]]);
  return (await evaluate({ answer }, { feeds: own, threads: 2, fixed: weights })).answer;
}

/** Each token by a reading of the prompt and of all that was said before it, to the last one. */
async function withoutCache(given: DecodedCase, name: string): Promise<Float64Array> {
  const { choice, reference, feeds, weights } = given;
  const [rows = 0, steps = 0] = reference.shape(name);
  const setting = { ...given.setting, layout: { ...given.setting.layout, actionTokens: steps } };
  const { scope, policy, first } = traced({ ...given, setting });
  const next = largest(answerScores(scope, setting, policy, choice), "b n");
  const program = await Program.compile({ first, next }, { device: "cpu", threads: 2, fixed: weights });
  const said = zeros("b m", [rows, steps], "int32");
  const real = zeros("b m", [rows, steps], "bool");
  try {
    for (let step = 0; step < steps; step++) {
      const answer = [[answerInputs.tokens, said] as const, ["actionTokenReal", real] as const];
      const found = await runProgram(program, new Map([...feeds, ...answer]));
      for (let row = 0; row < rows; row++) {
        const at = row * steps + step;
        said.cells[at] = step === 0 ? found.first![row]! : found.next![at - 1]!;
        real.cells[at] = 1;
      }
    }
  } finally {
    program.release();
  }
  return Float64Array.from(said.cells);
}

/** The policy, and the token that it says behind its prompt. */
function traced({ setting, choice }: DecodedCase): {
  readonly scope: Scope;
  readonly policy: TracedPolicy;
  readonly first: SymbolicArray<"b", "int32">;
} {
  const { form, layout, rules, pictures } = setting;
  const scope = Scope.root(rules);
  const observation = observationInputs(layout, rules, pictures);
  const perceived = perceive(scope, form, observation);
  const last = perceived.stream.length - 1;
  const scores = tokenScores(scope, form, choice, slice(perceived.tokens, "n", last, last + 1));
  return { scope, policy: { observation, perceived }, first: largest(merge(scores, "b n", "b"), "b") };
}
