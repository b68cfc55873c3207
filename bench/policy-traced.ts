import type { ForeignHead, ForeignPolicy } from "../src/checkpoint/import/imported.ts";
import type { SymbolicArray } from "../src/graph/array.ts";
import { type Arrays, type DataType, HostArray, scalar } from "../src/graph/host-array.ts";
import { type Parameter, Scope, type Trains } from "../src/nn/parameter.ts";
import { flowInputs } from "../src/objective/flow.ts";
import {
  actionsPerceived,
  objectivesPerceived,
  saidAnswer,
  type TracedObjectives,
  traceActions,
  traceObjectives,
} from "../src/objective/objective.ts";
import { answerInputs } from "../src/objective/tokens.ts";
import type { Setting } from "../src/objective/traced.ts";
import { variants } from "../src/policy/variant.ts";
import type { ReferenceCase } from "../tools/parity/case.ts";
import { withBegin } from "../tools/parity/decode-case.ts";
import { feedsOf, settingOf } from "../tools/parity/flow-case.ts";
import { featuresOf, policyOverFeatures } from "../tools/parity/given-features.ts";
import { headFeedsOf, headSettingOf } from "../tools/parity/groot-case.ts";
import { answerCaseFeeds, speakerSettingOf } from "../tools/parity/token-case.ts";

/** What is answered, of a batch of one case. */
export interface TracedAnswers {
  readonly parameters: readonly Parameter[];
  /** Actions, or the tokens that say them. */
  readonly answer: SymbolicArray<string, DataType>;
  readonly feeds: Arrays;
}

/** What a policy of LeRobot's is here, over the batch of one case. */
export interface TracedCase {
  readonly setting: Setting;
  /** What a step of training is fed. */
  readonly feeds: Arrays;
  objectives(trains?: Trains): TracedObjectives;
  answers(): TracedAnswers;
}

export function caseTraced(policy: ForeignPolicy | ForeignHead, reference: ReferenceCase): TracedCase {
  if ("embodiments" in policy) return headTraced(policy, reference);
  return variants[policy.variant].head === "none" ? speakerTraced(policy, reference) : flowTraced(policy, reference);
}

/** SmolVLA, π0 and π0.5: noise is carried to actions. */
function flowTraced(policy: ForeignPolicy, reference: ReferenceCase): TracedCase {
  const setting = settingOf(policy, reference);
  const feeds = feedsOf(setting, reference);
  // Nothing holds on to the case, whose pictures are a second copy.
  const first = fromNoise(feeds, reference);
  return {
    setting,
    feeds,
    objectives: (trains) => traceObjectives({ ...setting, trains }),
    answers: () => {
      const { parameters, actions } = traceActions(setting);
      return { parameters, answer: actions, feeds: first };
    },
  };
}

/** GR00T's head over features that are given. */
function headTraced(head: ForeignHead, reference: ReferenceCase): TracedCase {
  const setting = headSettingOf(head, reference);
  const feeds = headFeedsOf(setting, reference);
  const policyIn = (scope: Scope) => policyOverFeatures(scope, setting, featuresOf(reference));
  return {
    setting,
    feeds,
    objectives: (trains) => {
      const scope = Scope.root(setting.rules).withTrained(trains ?? null);
      return objectivesPerceived(scope, setting, policyIn(scope));
    },
    answers: () => {
      const scope = Scope.root(setting.rules);
      const { parameters, actions } = actionsPerceived(scope, setting, policyIn(scope));
      return { parameters, answer: actions, feeds: fromNoise(feeds, reference) };
    },
  };
}

/** π0-FAST: an answer is said token by token, with the keys and values of those before, and as long as the case has it. */
function speakerTraced(policy: ForeignPolicy, reference: ReferenceCase): TracedCase {
  const setting = speakerSettingOf(policy, reference);
  const feeds = answerCaseFeeds(setting, reference);
  return {
    setting,
    feeds,
    objectives: (trains) => traceObjectives({ ...setting, trains }),
    answers: () => {
      const [, said = 0] = reference.shape("out.decoded");
      const longer = { ...setting, layout: { ...setting.layout, actionTokens: said + 1 } };
      const end = [answerInputs.end, scalar("int32", reference.marks.end)] as const;
      const asked = new Map([...feeds, ...withBegin(reference), end]);
      return { ...saidAnswer(longer, { begins: "prompt" }), feeds: asked };
    },
  };
}

function fromNoise(feeds: Arrays, reference: ReferenceCase): Arrays {
  const shape = reference.shape("in.first_noise");
  const noise = new HostArray("b t d", shape, "float32", Float32Array.from(reference.numbers("in.first_noise")));
  return new Map([...feeds, [flowInputs.noise, noise] as const]);
}
