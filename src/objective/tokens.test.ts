import { describe, expect, it } from "vitest";
import type { BatchLayout } from "../batch/layout.ts";
import { raggedBatch } from "../batch/testing/example-batch.ts";
import { microLayout } from "../batch/testing/micro-layout.ts";
import { AnswerCodec } from "../codec/answer.ts";
import { unfittedFast } from "../codec/fast.ts";
import { byteTokenizer } from "../codec/prompt.ts";
import { type Arrays, HostArray, zeros } from "../graph/host-array.ts";
import { largest } from "../graph/op/largest.ts";
import { Program } from "../graph/program.ts";
import { evaluate, runProgram } from "../graph/testing/evaluate.ts";
import { Scope } from "../nn/parameter.ts";
import { randomWeights } from "../nn/testing/random-weights.ts";
import { observationInputs } from "../policy/inputs.ts";
import { perceive, policyForm } from "../policy/policy.ts";
import { variants } from "../policy/variant.ts";
import { Rules } from "../validity/rules.ts";
import { AnswerRows } from "./answer-rows.ts";
import { errorOutputs, saidAnswer, traceObjectives } from "./objective.ts";
import { observationFeeds } from "./observation-feeds.ts";
import { answerFeeds, answerInputs, answerScores } from "./tokens.ts";
import type { Setting } from "./traced.ts";

const steps = 7;
const layout: BatchLayout = { ...microLayout, rows: 4, steps: 4, actionTokens: 1 + steps };
const form = policyForm(variants.pi0_fast, "micro", {
  vocabulary: 300,
  parts: [],
  embodiments: 1,
  crossAttentionKeys: "real",
  horizon: layout.steps,
  actionSight: "causal",
  pastEnd: "hidden",
});
const setting: Setting = { form, layout, unrealInput: "zero", rules: Rules.all, hidden: "plain", pictures: "uint8" };
/** Rows: half an answer; no robot target; a whole answer; a filler. */
const batch = raggedBatch(layout, 3);
const traced = traceObjectives(setting);
const weights = randomWeights(traced.parameters, 1);
const own = answerFeeds(batch);
const feeds: Arrays = new Map([...observationFeeds(batch), ...own.feeds]);
const fixed = { threads: 1, fixed: weights };

describe("tokens of actions", () => {
  it("teach where one that exists follows one that exists, and in a sample without a robot target nowhere", () => {
    expect([...own.counts.bySlot.cells]).toEqual([3, 0, 7, 0]);
    expect([...observationFeeds(batch).keys()]).not.toContain(answerInputs.tokens);
  });

  it("have a cross entropy where they teach, and 0 elsewhere", async () => {
    const found = await evaluate(errorOutputs(traced), { feeds, ...fixed });
    const cells = found["errors.tokens"]!;
    expect([...cells].map((cell) => (cell > 0 ? 1 : 0))).toEqual([
      ...[1, 1, 1, 0, 0, 0, 0, 0],
      ...Array<number>(8).fill(0),
      ...[1, 1, 1, 1, 1, 1, 1, 0],
      ...Array<number>(8).fill(0),
    ]);
  });

  it("are read only where they exist: elsewhere may stand what is no token", async () => {
    const other = batch.actionTokens.read(({ cells }, valid) =>
      Int32Array.from(cells, (cell, at) => (valid.isReal(at) ? cell : 1_000_000)),
    );
    const sick = new Map([...feeds, [answerInputs.tokens, new HostArray("b m", [4, 8], "int32", other)] as const]);
    const outputs = errorOutputs(traced);
    const [one, two] = [
      await evaluate(outputs, { feeds, ...fixed }),
      await evaluate(outputs, { feeds: sick, ...fixed }),
    ];
    expect(two["errors.tokens"]).toEqual(one["errors.tokens"]);
  });

  it("do not see what is said after them", async () => {
    const changed = batch.actionTokens.read(({ cells }) =>
      Int32Array.from(cells, (cell, at) => cell + (at % 8 > 2 ? 1 : 0)),
    );
    const other = new Map([...feeds, [answerInputs.tokens, new HostArray("b m", [4, 8], "int32", changed)] as const]);
    const outputs = errorOutputs(traced);
    const [one, two] = [
      await evaluate(outputs, { feeds, ...fixed }),
      await evaluate(outputs, { feeds: other, ...fixed }),
    ];
    const first = (cells: Float64Array) => [0, 1, 2, 16, 17, 18].map((at) => cells[at]);
    expect(first(two["errors.tokens"]!)).toEqual(first(one["errors.tokens"]!));
    expect(two["errors.tokens"]![19]).not.toBe(one["errors.tokens"]![19]);
  });
});

/** The likeliest token behind each of an answer that is read as a whole, without a cache: token by token. */
async function saidWithoutCache(begin: number): Promise<number[][]> {
  const scope = Scope.root(Rules.all);
  const observation = observationInputs(layout, Rules.all, "uint8");
  const policy = { observation, perceived: perceive(scope, form, observation) };
  const scores = answerScores(scope, setting, policy, { kind: "tokens", scores: "own" });
  const next = largest(scores, "b n");
  const program = await Program.compile({ next }, { device: "cpu", threads: 1, fixed: weights });
  const said: number[][] = Array.from({ length: 4 }, () => [begin]);
  try {
    for (let at = 0; at < steps; at++) {
      const tokens = zeros("b m", [4, 1 + steps], "int32");
      const real = zeros("b m", [4, 1 + steps], "bool");
      for (const [row, answer] of said.entries()) {
        tokens.cells.set(answer, row * (1 + steps));
        real.cells.fill(1, row * (1 + steps), row * (1 + steps) + answer.length);
      }
      const targets = new HostArray("b", [4], "bool", new Uint8Array(4).fill(1));
      const all = new Map([...feeds, ["targetReal", targets] as const]);
      const found = await runProgram(
        program,
        new Map([...all, [answerInputs.tokens, tokens], ["actionTokenReal", real]]),
      );
      for (const [row, answer] of said.entries()) answer.push(found.next![row * (1 + steps) + at]!);
    }
  } finally {
    program.release();
  }
  return said.map((answer) => answer.slice(1));
}

/** The prompt with room for the token that begins an answer, and that token. */
function promptWithBegin(): Arrays {
  return new Map(
    new AnswerRows(
      { codec: new AnswerCodec(byteTokenizer, { tokenizer: unfittedFast() }), manner: { begins: "prompt" } },
      setting,
    )
      .feedsOf(batch, [])
      .filter(([name]) => name === "prompt" || name === "tokenReal"),
  );
}

describe("an answer that a policy says by itself", () => {
  const marks = (end: number) =>
    new Map([
      [answerInputs.begin, new HostArray("", [], "int32", Int32Array.of(1))] as const,
      [answerInputs.end, new HostArray("", [], "int32", Int32Array.of(end))] as const,
    ]);
  const saidWith = async (end: number, by = weights) => {
    const { answer } = saidAnswer(setting, {});
    const { answer: cells } = await evaluate(
      { answer },
      { feeds: new Map([...feeds, ...marks(end)]), threads: 1, fixed: by },
    );
    return Array.from({ length: 4 }, (_, row) => [...cells.subarray(row * steps, (row + 1) * steps)]);
  };

  it("is the likeliest token each time, as a reading of the whole answer without a cache has it", async () => {
    const expected = await saidWithoutCache(1);
    expect(await saidWith(-1)).toEqual(expected);
    expect(new Set(expected.flat()).size).toBeGreaterThan(4);
  });

  it("is drawn by the chances of its row where it has a temperature, each with its own, wherever it begins", async () => {
    // Near 0 nothing but the likeliest is drawn, whatever the chances.
    const chances = new HostArray(
      "b n",
      [4, steps],
      "float32",
      Float32Array.from({ length: 4 * steps }, (_, at) => ((7 * at + 3) % 28) / 28),
    );
    const drawnWith = async (temperature: number, begins: "answer" | "prompt", of: typeof chances) => {
      const { answer } = saidAnswer(setting, { temperature, begins });
      const all = new Map([...feeds, ...marks(-1), [answerInputs.chances, of] as const, ...longer]);
      const { answer: cells } = await evaluate(
        { answer },
        { feeds: begins === "prompt" ? all : without(all), threads: 1, fixed: weights },
      );
      return Array.from({ length: 4 }, (_, row) => [...cells.subarray(row * steps, (row + 1) * steps)]);
    };
    const longer = promptWithBegin();
    const without = (all: Arrays) => new Map([...all, ...observationFeeds(batch)]);
    expect(await drawnWith(1e-4, "answer", chances)).toEqual(await saidWith(-1));
    for (const begins of ["answer", "prompt"] as const) {
      const drawn = await drawnWith(3, begins, chances);
      expect(drawn).not.toEqual(await drawnWith(1e-4, begins, chances));
      // The chance of the fifth token of the second row changes that token, and none before it or of another row.
      const other = new HostArray(
        "b n",
        [4, steps],
        "float32",
        chances.cells.map((cell, at) => (at === steps + 4 ? 1 - cell : cell)),
      );
      const changed = await drawnWith(3, begins, other);
      expect(changed.map((row) => row.slice(0, 4))).toEqual(drawn.map((row) => row.slice(0, 4)));
      expect([changed[0], changed[2], changed[3]]).toEqual([drawn[0], drawn[2], drawn[3]]);
      expect(changed[1]![4]).not.toBe(drawn[1]![4]);
    }
  });

  it("ends when every row has said its end, each at its own turn", async () => {
    // Of these weights every row says the token 273: at turns 5, 4, 3 and 1.
    const talkative = randomWeights(traced.parameters, 8);
    const whole = await saidWith(-1, talkative);
    expect(whole.map((answer) => answer.indexOf(273))).toEqual([5, 4, 3, 1]);
    expect(whole.every((answer) => answer[6] !== 0)).toBe(true);
    expect(await saidWith(273, talkative)).toEqual(whole.map((answer) => [...answer.slice(0, 6), 0]));
  });
});
