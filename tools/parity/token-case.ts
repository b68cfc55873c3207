import { readForeignWeights } from "../../src/checkpoint/import/foreign.ts";
import type { ForeignPolicy } from "../../src/checkpoint/import/imported.ts";
import { foreignTensors } from "../../src/checkpoint/import/names.ts";
import type { TensorSource } from "../../src/checkpoint/import/tensor-source.ts";
import type { SymbolicArray } from "../../src/graph/array.ts";
import { type Arrays, type DataType, HostArray } from "../../src/graph/host-array.ts";
import type { AnyArray } from "../../src/graph/operation.ts";
import { evaluate } from "../../src/graph/testing/evaluate.ts";
import { Scope } from "../../src/nn/parameter.ts";
import { gradientOutputs, gradientPrefix, traceObjectives } from "../../src/objective/objective.ts";
import { tokenFeeds, tokensName } from "../../src/objective/token-error.ts";
import { answerInputs, answerScores } from "../../src/objective/tokens.ts";
import { type Setting, weightsInput } from "../../src/objective/traced.ts";
import { observationInputs } from "../../src/policy/inputs.ts";
import type { TokensChoice } from "../../src/policy/objective-choice.ts";
import { perceive, policyForm } from "../../src/policy/policy.ts";
import { sizeBeforeHead, variants } from "../../src/policy/variant.ts";
import { Rules } from "../../src/validity/rules.ts";
import type { ReferenceCase } from "./case.ts";
import { type Compared, compare } from "./compare.ts";
import { compareDecoded } from "./decode-case.ts";
import { everywhere, pictures, tolerances, viewReal } from "./flow-case.ts";

/** Logits, losses and gradients of a policy that says its actions, against those that its origin computed. */
export async function compareTokens(
  source: TensorSource,
  policy: ForeignPolicy,
  reference: ReferenceCase,
): Promise<Compared[]> {
  const setting = speakerSettingOf(policy, reference);
  const objectives = traceObjectives(setting);
  const weights = await readForeignWeights(source, policy.names, objectives.parameters);
  const outputs: Record<string, AnyArray> = {
    ...gradientOutputs(objectives, objectives.parameters, "nothing"),
    loss: objectives.loss,
    cells: objectives.errors[0]!.cells,
    logits: logitsOf(setting),
  };
  const feeds = answerCaseFeeds(setting, reference);
  const found: Readonly<Record<string, Float64Array>> = await evaluate(outputs, { feeds, threads: 2, fixed: weights });
  const against = (name: string, got: Float64Array | undefined, allowed: number) =>
    compare(name, got ?? [], reference.numbers(name), allowed);
  const gradients = foreignTensors(policy.names, objectives.parameters).flatMap(({ parameter, name }) =>
    reference.has(`grad.${name}`)
      ? [against(`grad.${name}`, found[`${gradientPrefix}${parameter}`], tolerances.gradient)]
      : [],
  );
  const said = reference.numbers("in.action_tokens_mask");
  const length = setting.layout.actionTokens;
  const decoded: readonly Compared[] = await compareDecoded({
    setting,
    choice: choiceOf(setting),
    reference,
    feeds,
    weights,
  });
  return [
    compareWhere("out.logits", found.logits!, reference, (at) => said[at] === 1),
    compareWhere("out.loss", withoutLast(found.cells!, length), reference, (at) => {
      const [row, place] = [Math.floor(at / (length - 1)), at % (length - 1)];
      return said[row * length + place + 1] === 1;
    }),
    against("out.objective", found.loss, tolerances.loss),
    ...decoded,
    ...gradients,
  ];
}

/** Cells whose token exists alone: what a policy thinks behind the end is read by nobody. */
function compareWhere(
  name: string,
  got: Float64Array,
  reference: ReferenceCase,
  isRead: (token: number) => boolean,
): Compared {
  const wanted = reference.numbers(name);
  const [rows = 0, tokens = 0] = reference.shape(name);
  const width = wanted.length / (rows * tokens);
  const kept = (cells: Float64Array) => cells.filter((_, at) => isRead(Math.floor(at / width)));
  return compare(name, got.length === wanted.length ? kept(got) : got, kept(wanted), tolerances.velocity);
}

/** Cells `[b n]` without those of the last token, after which none comes. */
function withoutLast(cells: Float64Array, length: number): Float64Array {
  return cells.filter((_, at) => at % length !== length - 1);
}

export function speakerSettingOf(policy: ForeignPolicy, reference: ReferenceCase): Setting {
  const { conventions, size, horizon, actionWidth, stateWidth, vocabulary } = policy;
  const variant = variants[policy.variant];
  const [rows = 0, tokens = 0] = reference.shape("in.tokens");
  const [, actionTokens = 0] = reference.shape("in.action_tokens");
  const form = policyForm(variant, size, {
    vocabulary,
    parts: [],
    embodiments: 1,
    crossAttentionKeys: conventions.crossAttentionKeys,
    horizon,
    actionSight: conventions.actionSight,
    pastEnd: conventions.pastEnd,
  });
  const pictureSize = sizeBeforeHead(variant, size).vision.picture;
  const widths = { steps: horizon, actionWidth, stateWidth, views: reference.cameras.length, observations: 1 };
  const layout = { rows, tokens, responseTokens: 0, actionTokens, pictureSize, ...widths };
  return { form, layout, unrealInput: "zero", rules: Rules.all, hidden: "plain", pictures: "float32" };
}

/** `[b n y]` at each action token. */
function logitsOf(setting: Setting): SymbolicArray<"b n y"> {
  const { form, layout, rules, pictures: type } = setting;
  const scope = Scope.root(rules);
  const observation = observationInputs(layout, rules, type);
  const policy = { observation, perceived: perceive(scope, form, observation) };
  return answerScores(scope, setting, policy, choiceOf(setting));
}

export function answerCaseFeeds({ layout }: Setting, reference: ReferenceCase): Arrays {
  const { rows: b, tokens: n, actionTokens: m, views: v } = layout;
  const said = Int32Array.from(reference.numbers("in.action_tokens"));
  const exists = Uint8Array.from(reference.numbers("in.action_tokens_mask"));
  const { feeds, counts } = tokenFeeds({ cells: said, isSaid: () => true, isReal: (at) => exists[at] === 1 }, [b, m], {
    name: tokensName,
    next: answerInputs.next,
  });
  const teaching = counts.bySlot.cells.reduce((sum, count) => sum + count, 0);
  return new Map<string, HostArray<string, DataType>>([
    ["images", pictures(layout, reference)],
    ["prompt", new HostArray("b n", [b, n], "int32", Int32Array.from(reference.numbers("in.tokens")))],
    [answerInputs.tokens, new HostArray("b m", [b, m], "int32", said)],
    ["targetReal", everywhere("b", [b])],
    ["viewReal", viewReal(b, v, reference)],
    ["tokenReal", new HostArray("b n", [b, n], "bool", Uint8Array.from(reference.numbers("in.tokens_mask")))],
    ["actionTokenReal", new HostArray("b m", [b, m], "bool", exists)],
    ["rowReal", everywhere("b", [b])],
    ["historyReal", everywhere("b o", [b, 1])],
    ["historyKept", everywhere("b", [b])],
    ...feeds,
    [weightsInput(tokensName), new HostArray("b", [b], "float32", new Float32Array(b).fill(1 / teaching))],
  ]);
}

function choiceOf({ form }: Setting): TokensChoice {
  return form.variant.objectives.find((objective) => objective.kind === "tokens")!;
}
