import { exampleBatch } from "../src/batch/testing/example-batch.ts";
import type { CommandOutcome } from "../src/command/definition.ts";
import type { Terminal } from "../src/command/terminal.ts";
import { type Arrays, HostArray, zeros } from "../src/graph/host-array.ts";
import { largest } from "../src/graph/op/largest.ts";
import { slice } from "../src/graph/op/shape.ts";
import { Program } from "../src/graph/program.ts";
import { runProgram } from "../src/graph/testing/evaluate.ts";
import { Scope } from "../src/nn/parameter.ts";
import { randomWeights } from "../src/nn/testing/random-weights.ts";
import { saidAnswer, traceObjectives } from "../src/objective/objective.ts";
import { observationFeeds } from "../src/objective/observation-feeds.ts";
import { answerInputs, answerScores } from "../src/objective/tokens.ts";
import type { Setting } from "../src/objective/traced.ts";
import { observationInputs } from "../src/policy/inputs.ts";
import { perceive, policyForm } from "../src/policy/policy.ts";
import { variants } from "../src/policy/variant.ts";
import { Rules } from "../src/validity/rules.ts";

/** π0-FAST, tiny, for a robot of 7 dofs with one camera. */
const layout = {
  rows: 1,
  steps: 16,
  actionWidth: 7,
  stateWidth: 7,
  views: 1,
  observations: 1,
  tokens: 96,
  actionTokens: 65,
  pictureSize: 96,
};
const form = policyForm(variants.pi0_fast, "tiny", {
  vocabulary: 514,
  parts: [],
  embodiments: 1,
  crossAttentionKeys: "real",
  horizon: layout.steps,
  actionSight: "causal",
  pastEnd: "hidden",
});
const setting: Setting = { form, layout, unrealInput: "zero", rules: Rules.all, hidden: "plain", pictures: "uint8" };
const weights = randomWeights(traceObjectives(setting).parameters, 1);
const machine = { device: "cpu", threads: 1, fixed: weights } as const;
const mark = (token: number) => new HostArray("", [], "int32", Int32Array.of(token));
const marks = new Map([[answerInputs.begin, mark(1)] as const, [answerInputs.end, mark(-1)]]);
const feeds: Arrays = new Map([...observationFeeds(exampleBatch(layout, 1)), ...marks]);

const steps = layout.actionTokens - 1;

/** What it takes a policy to say a chunk, with keys and values kept and without. */
export async function benchDecoding(rounds: number, terminal: Terminal): Promise<CommandOutcome> {
  const [all, one, again] = [await saying(steps), await saying(1), await rereading()];
  try {
    const times = { all: Infinity, first: Infinity, again: Infinity };
    let isSame = true;
    for (let round = 0; round < rounds; round++) {
      terminal.err.write(`decoding: turn ${round + 1} of ${rounds}\n`);
      const found = await timed(async () => [...(await runProgram(all, feeds)).answer!]);
      const first = await timed(async () => [...(await runProgram(one, feeds)).answer!]);
      const other = await timed(async () => await sayAgain(again));
      times.all = Math.min(times.all, found.ms);
      times.first = Math.min(times.first, first.ms);
      times.again = Math.min(times.again, other.ms);
      isSame &&= found.value.join() === other.value.join();
    }
    return outcome(isSame, times);
  } finally {
    for (const program of [all, one, again]) program.release();
  }
}

/** Milliseconds at the fastest: of an answer, of its first token, and of the answer when all is read again for each token. */
interface Times {
  readonly all: number;
  readonly first: number;
  readonly again: number;
}

function outcome(isSame: boolean, { all, first, again }: Times): CommandOutcome {
  const each = (all - first) / (steps - 1);
  const rate = (ms: number) => `${ms.toFixed(1)} ms, ${((1000 * steps) / ms).toFixed(0)} tokens a second`;
  return {
    status: isSame ? 0 : 1,
    json: { tokens: steps, isSame, keptMs: all, firstMs: first, eachMs: each, againMs: again },
    text: [
      `${steps} tokens, ${isSame ? "the same" : "others"} both ways; the fastest turn, one thread`,
      `keys and values kept: ${rate(all)}; picture, prompt and first token ${first.toFixed(1)} ms, each behind it ${each.toFixed(2)} ms`,
      `all read again for each token: ${rate(again)}`,
    ].join("\n"),
  };
}

async function saying(tokens: number): Promise<Program> {
  return await Program.compile({ answer: saidAnswer(withRoomFor(tokens), {}).answer }, machine);
}

function withRoomFor(tokens: number): Setting {
  return { ...setting, layout: { ...layout, actionTokens: 1 + tokens } };
}

/** The token behind each of an answer that is given. */
async function rereading(): Promise<Program> {
  const scope = Scope.root(Rules.all);
  const observation = observationInputs(layout, Rules.all, "uint8");
  const policy = { observation, perceived: perceive(scope, form, observation) };
  const next = largest(answerScores(scope, setting, policy, variants.pi0_fast.objectives[0]), "b n");
  return await Program.compile({ next: slice(next, "n", 0, steps) }, machine);
}

async function sayAgain(again: Program): Promise<number[]> {
  const tokens = zeros("b m", [1, 1 + steps], "int32");
  const real = zeros("b m", [1, 1 + steps], "bool");
  tokens.cells[0] = 1;
  for (let at = 0; at < steps; at++) {
    real.cells[at] = 1;
    const given = new Map([...feeds, [answerInputs.tokens, tokens] as const, ["actionTokenReal", real] as const]);
    tokens.cells[at + 1] = (await runProgram(again, given)).next![at]!;
  }
  return [...tokens.cells.subarray(1)];
}

async function timed<R>(work: () => Promise<R>): Promise<{ readonly ms: number; readonly value: R }> {
  const from = performance.now();
  const value = await work();
  return { ms: performance.now() - from, value };
}
