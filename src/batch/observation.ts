import type { EpisodeMetadata } from "../codec/metadata-format.ts";
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
import { camerasIn, type Example } from "./example.ts";
import type { BatchLayout } from "./layout.ts";
import type { Units } from "./maker.ts";
import { type MetadataReading, metadataTokens } from "./metadata.ts";
import { promptTokens, responseTokens } from "./prompt.ts";

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
  /** What is to be done next, where its policy reads that; nothing where it is missing. */
  readonly response?: string | undefined;
  /** What is known of what it does, where its policy reads that; nothing where it is missing. */
  readonly metadata?: EpisodeMetadata | undefined;
  /** What is to be reached, by view, where its policy reads that; nothing where a view is missing. */
  readonly subgoals?: Readonly<Record<string, Picture>> | undefined;
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
  readonly layout: Pick<
    BatchLayout,
    "steps" | "views" | "tokens" | "responseTokens" | "metadataTokens" | "subgoals" | "pictureSize"
  >;
  readonly prompt: PromptFormat;
  readonly metadata?: Pick<MetadataReading, "format"> | undefined;
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
  const cameras = camerasIn(layout.views, embodiment.cameras);
  const problems = observations.flatMap((observation) =>
    observation === null ? [] : misfits(embodiment, observation),
  );
  if (problems.length > 0) throw new InputError(`${name}: ${[...new Set(problems)].join("; ")}`);
  const pictures = observations.flatMap((observation) =>
    cameras.map(({ view, key }) => (key === null ? null : (observation?.pictures[view] ?? null))),
  );
  const cameraReal = observations.flatMap((observation) =>
    cameras.map(({ view, key }) => (key !== null && observation?.pictures[view] !== null ? 1 : 0)),
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
    viewReal: Validity.of("o v", [observations.length, cameras.length], Uint8Array.from(cameraReal)),
    tokens: promptTokens(input.prompt, state, { tokenizer, ...fit }),
    response: toldResponse(name, input, choice),
    metadata: toldMetadata(name, input, choice),
    subgoals: goals(robot, input, choice),
    actionTokens: new Int32Array(),
    targetReal: embodiment.target === "actions",
    historyKept: true,
    embodiment: robot.normalizationGroup,
    provenance: { dataset: -1, controlMode: -1, episode: -1, frame: -1, draw: -1 },
  };
}

/** @throws InputError where the policy reads no responses */
function toldResponse(
  where: string,
  { response }: PolicyInput,
  { layout, prompt: format, longPrompt: long, tokenizer }: ObservationChoice,
): Int32Array {
  if (response === undefined) return new Int32Array();
  const { responseTokens: limit = 0 } = layout;
  if (limit === 0) throw new InputError(`${where}: expected no response, as the policy reads none, got some`);
  return responseTokens(response, { tokenizer, format, limit, long, where });
}

/** @throws InputError where the policy reads no metadata */
function toldMetadata(
  where: string,
  { metadata }: PolicyInput,
  { layout, longPrompt: long, tokenizer, metadata: telling }: ObservationChoice,
): Int32Array {
  if (metadata === undefined) return new Int32Array();
  if (telling === undefined) throw new InputError(`${where}: expected no metadata, as the policy reads none, got some`);
  return metadataTokens(metadata, {
    format: telling.format,
    tokenizer,
    limit: layout.metadataTokens ?? 0,
    long,
    where,
  });
}

/** @throws InputError where the policy reads no subgoals, or a view is none of the robot's */
function goals(
  { name, embodiment }: Robot,
  { subgoals }: PolicyInput,
  { layout, letterbox }: ObservationChoice,
): (Picture | null)[] {
  if (subgoals === undefined) return [];
  if (layout.subgoals === undefined)
    throw new InputError(`${name}: expected no subgoals, as the policy reads none, got some`);
  const views = embodiment.cameras.flatMap(({ view, key }) => (key === null ? [] : [view]));
  const other = Object.keys(subgoals).find((view) => !views.includes(view));
  if (other !== undefined)
    throw new InputError(`${name}: expected subgoals of ${views.join(", ") || "no view"}, got one of "${other}"`);
  const problems = Object.entries(subgoals).flatMap(([view, picture]) => pictureProblems(view, picture));
  if (problems.length > 0) throw new InputError(`${name}: ${problems.join("; ")}`);
  return camerasIn(layout.views, embodiment.cameras).map(({ view }) => {
    const picture = Object.hasOwn(subgoals, view) ? subgoals[view] : undefined;
    return picture === undefined ? null : squared(picture, layout.pictureSize, letterbox);
  });
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
    ...Object.entries(pictures).flatMap(([view, picture]) => (picture === null ? [] : pictureProblems(view, picture))),
  ];
}

function pictureProblems(view: string, { shape }: Picture): string[] {
  const [height = 0, width = 0, channels] = shape;
  if (height > 0 && width > 0 && channels === 3) return [];
  return [`expected a picture [h w 3] of "${view}", got [${shape.join(" ")}]`];
}
