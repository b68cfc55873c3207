import type { LongPrompt, PromptTokenizer } from "../codec/prompt.ts";
import type { PromptFormat } from "../codec/prompt-format.ts";
import type { Picture } from "../dataset/dataset.ts";
import { type Embodiment, slots } from "../embodiment/embodiment.ts";
import { normalize } from "../embodiment/normalize.ts";
import { type Letterbox, squared } from "../embodiment/picture.ts";
import { HostArray, zeros } from "../graph/host-array.ts";
import { InputError } from "../input-error.ts";
import { Padded } from "../validity/padded.ts";
import { Validity } from "../validity/validity.ts";
import type { Example } from "./example.ts";
import type { BatchLayout } from "./layout.ts";
import type { Units } from "./maker.ts";
import { promptTokens } from "./prompt.ts";

/** State and pictures of a robot at one time. */
export interface RobotObservation {
  /** In the robot's own units and order. */
  readonly state: readonly number[] | Float64Array;
  /** By view: one for each camera of the embodiment, `null` where it gave no picture. */
  readonly pictures: Readonly<Record<string, Picture | null>>;
}

/** What a policy is given: a robot's observations, oldest first and the last of them now, and its instruction. */
export interface PolicyInput {
  /** `null` for a slot before the robot's session began. */
  readonly observations: readonly [...(RobotObservation | null)[], RobotObservation];
  /** A text, or its tokens. */
  readonly prompt: string | Int32Array;
}

/** A robot that is served. */
export interface Robot {
  /** Names it in errors. */
  readonly name: string;
  readonly embodiment: Embodiment;
  /** Index of its normalisation group in the mixture that it was trained in. */
  readonly normalizationGroup: number;
  readonly units: Units;
}

/** How observations are read; the same as in training. */
export interface ObservationChoice {
  readonly layout: Pick<BatchLayout, "steps" | "tokens" | "pictureSize">;
  readonly prompt: PromptFormat;
  readonly longPrompt: LongPrompt;
  readonly letterbox: Letterbox;
  readonly tokenizer: PromptTokenizer;
}

/**
 * The example of a robot that asks for actions: every step exists and is still to be found, its cells are 0.
 *
 * @throws InputError naming the robot where state, pictures or prompt do not fit it, with every problem at once
 */
export function observe(robot: Robot, input: PolicyInput, choice: ObservationChoice): Example {
  const { embodiment, units, name } = robot;
  const { dofs, states } = embodiment;
  const { layout, tokenizer } = choice;
  const { observations } = input;
  const side = layout.pictureSize;
  const problems = observations.flatMap((observation) =>
    observation === null ? [] : misfits(embodiment, observation),
  );
  if (problems.length > 0) throw new InputError(`${name}: ${[...new Set(problems)].join("; ")}`);
  const pictures = observations.flatMap((observation) =>
    embodiment.cameras.map(({ view, key }) => (key === null ? null : (observation?.pictures[view] ?? null))),
  );
  const cameraReal = observations.flatMap((observation) =>
    embodiment.cameras.map(({ view, key }) => (key !== null && observation?.pictures[view] !== null ? 1 : 0)),
  );
  const state = normalize(statesOf(observations, states.length), units.state);
  const fit = { format: choice.prompt, limit: layout.tokens, long: choice.longPrompt, where: name };
  return {
    name,
    actions: Padded.of(zeros("t d", [layout.steps, dofs.length], "float32"), Validity.complete("t", [layout.steps])),
    stepReal: Validity.complete("t", [layout.steps]),
    dofSlots: slots(dofs),
    state,
    stateSlots: slots(states),
    pictures: pictures.map((picture) => picture && squared(picture, side, choice.letterbox)),
    viewReal: Validity.of("o v", [observations.length, embodiment.cameras.length], Uint8Array.from(cameraReal)),
    tokens: promptTokens(input.prompt, state, { tokenizer, ...fit }),
    actionTokens: new Int32Array(),
    targetReal: embodiment.target === "actions",
    historyKept: true,
    embodiment: robot.normalizationGroup,
    provenance: { dataset: -1, controlMode: -1, episode: -1, frame: -1, draw: -1 },
  };
}

function statesOf(observations: readonly (RobotObservation | null)[], width: number): Padded<"o s", "float64", "o"> {
  const values = observations.flatMap((observation) =>
    observation === null ? new Array<number>(width).fill(0) : [...observation.state],
  );
  const array = new HostArray("o s", [observations.length, width], "float64", Float64Array.from(values));
  const real = Uint8Array.from(observations, (observation) => (observation === null ? 0 : 1));
  return Padded.of(array, Validity.of("o", [observations.length], real));
}

/** Everything about an observation that does not fit the robot; empty where nothing is. */
export function misfits({ states, cameras }: Embodiment, { state, pictures }: RobotObservation): string[] {
  const views = cameras.filter(({ key }) => key !== null).map(({ view }) => view);
  const nonFinite = state.findIndex((value) => !Number.isFinite(value));
  return [
    ...(state.length === states.length ? [] : [`expected a state of ${states.length} entries, got ${state.length}`]),
    ...(nonFinite < 0
      ? []
      : [`expected finite numbers, got ${state[nonFinite]} for "${states[nonFinite]?.name ?? nonFinite}"`]),
    ...views
      .filter((view) => !Object.hasOwn(pictures, view))
      .map((view) => `expected a picture of "${view}", got none; say null where the camera gave none`),
    ...Object.keys(pictures)
      .filter((view) => !views.includes(view))
      .map((view) => `expected pictures of ${views.join(", ") || "no view"}, got one of "${view}"`),
    ...Object.entries(pictures).flatMap(([view, picture]) => {
      const [height = 0, width = 0, channels] = picture?.shape ?? [1, 1, 3];
      return height > 0 && width > 0 && channels === 3
        ? []
        : [`expected a picture [h w 3] of "${view}", got [${picture?.shape.join(" ")}]`];
    }),
  ];
}
