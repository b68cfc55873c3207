import type { Batch } from "../batch/batch.ts";
import { cutToRobot } from "../batch/cut.ts";
import { factNames, observedNames } from "../batch/each.ts";
import { promptAt } from "../batch/example.ts";
import { observationSlots } from "../batch/history.ts";
import { metadataAt, stepsPerSecond } from "../batch/metadata.ts";
import type { RobotObservation } from "../batch/observation.ts";
import { subgoalOf } from "../batch/subgoal.ts";
import { nearestFrame, observationWindow } from "../dataset/chunk.ts";
import type { Dataset, Fit, Picture } from "../dataset/dataset.ts";
import { slots } from "../embodiment/embodiment.ts";
import { ownActions } from "../embodiment/own-action.ts";
import { fitBefore } from "../embodiment/picture.ts";
import { trajectory } from "../embodiment/window.ts";
import { HostArray } from "../graph/host-array.ts";
import type { Draw } from "../mixture/sampler.ts";
import { openMember } from "../mixture/source.ts";
import { sampleKeys } from "../objective/action-noise.ts";
import { observationFeeds } from "../objective/observation-feeds.ts";
import type { ActionSampler } from "../objective/sample.ts";
import { layoutOf, loadPlanOf, type Plan, readingOf } from "../recipe/plan.ts";
import type { ActionChunk, ActionRequest } from "../serving/action.ts";
import { plannedPolicy } from "../serving/load.ts";
import { LoadedPolicy } from "../serving/policy.ts";
import { differenceOf } from "./difference.ts";
import { askedOf, type GlobalBatch, keyedBy } from "./global-batch.ts";
import type { Output } from "./law.ts";
import { rearranged, taken } from "./rearrange.ts";
import type { Finding } from "./report.ts";

/** A robot that stands where a held-out sample was recorded, and all that it saw since its episode began. */
interface RecordedSession {
  readonly member: number;
  readonly draw: Draw;
  readonly observations: readonly RobotObservation[];
  readonly prompt: string;
  readonly told: Pick<ActionRequest, "metadata" | "subgoals">;
  /** At the sample's frame, in the robot's own units. */
  readonly state: Float64Array;
}

/** Held-out samples of one micro-batch that have a robot target, as validation reads them and as their robots would tell them. */
export interface ServedSamples {
  /** As asked for actions: every step exists. */
  readonly batch: Batch;
  readonly sessions: readonly RecordedSession[];
}

/** The sessions of a micro-batch of held-out samples; `null` where none has a robot target. */
export async function servedSamples(
  { plan, rows, asked, parts }: GlobalBatch,
  draws: readonly Draw[],
): Promise<ServedSamples | null> {
  const { members } = plan.mixture;
  const own = draws.flatMap((draw, row) => (members[draw.member]!.embodiment.target === "actions" ? [row] : []));
  if (own.length === 0) return null;
  const batch = rearranged(parts[0]!.batch, { b: Array.from({ length: rows }, (_, row) => own[row] ?? -1) });
  const sessions: RecordedSession[] = [];
  for (const row of own) sessions.push(await recordedSession(plan, rows, draws[row]!));
  return { batch: askedOf(batch, asked), sessions };
}

async function recordedSession(plan: Plan, rows: number, draw: Draw): Promise<RecordedSession> {
  const member = plan.mixture.members[draw.member]!;
  const { embodiment, framesPerSecond } = member;
  const { episode, frame } = draw;
  const dataset = await openMember(member, { episodes: [episode], pictureMemoryBytes: 0 });
  try {
    const table = await dataset.table(episode);
    const { states } = trajectory(table, embodiment, framesPerSecond);
    const width = embodiment.states.length;
    const stateAt = (at: number) => states.cells.slice(at * width, (at + 1) * width);
    const [layout, reading] = [layoutOf(plan.recipe, rows), readingOf(plan.recipe)];
    const fit = fitBefore(layout.pictureSize, reading.letterbox);
    const clock = { length: table.length, framesPerSecond };
    const { positions, real } = observationWindow(clock, frame, observationSlots(layout, reading));
    const looked = new Set([...positions].filter((_, slot) => real.isReal(slot)).map(nearestFrame));
    const observations: RobotObservation[] = [];
    for (let at = 0; at <= frame; at++) {
      const looking = { dataset, cameras: embodiment.cameras, episode, fit: looked.has(at) ? fit : null };
      const pictures = await picturesAt(looking, at);
      observations.push({ state: stateAt(at), pictures });
    }
    const goal = subgoalOf(reading.subgoals, { seed: plan.recipe.seed, purpose: "validation" }, member, {
      draw,
      length: table.length,
    });
    const goals = goal === null ? {} : await picturesAt({ dataset, cameras: embodiment.cameras, episode, fit }, goal);
    return {
      member: draw.member,
      draw,
      observations,
      prompt: promptAt(embodiment, table, frame) ?? "",
      told: {
        metadata: reading.metadata && metadataAt(embodiment, table, frame, stepsPerSecond(reading, framesPerSecond)),
        subgoals: goal === null ? undefined : seenIn(goals),
      },
      state: stateAt(frame),
    };
  } finally {
    await dataset.close();
  }
}

interface Looking {
  readonly dataset: Dataset;
  readonly cameras: readonly { readonly view: string; readonly key: string | null }[];
  readonly episode: number;
  /** Size to which pictures are read; `null` where no slot looks at this frame. */
  readonly fit: Fit | null;
}

async function picturesAt(
  { dataset, cameras, episode, fit }: Looking,
  frame: number,
): Promise<RobotObservation["pictures"]> {
  const found = cameras.flatMap(({ view, key }) => (key === null ? [] : [{ view, key }]));
  const seen = found.map(async ({ view, key }) => {
    return [view, fit === null ? null : await dataset.picture(key, episode, frame, fit)] as const;
  });
  return Object.fromEntries(await Promise.all(seen));
}

/** Pictures of the views that gave one. */
function seenIn(pictures: RobotObservation["pictures"]): Record<string, Picture> {
  return Object.fromEntries(Object.entries(pictures).flatMap(([view, seen]) => (seen === null ? [] : [[view, seen]])));
}

/**
 * Where robots that are served get other actions than validation samples of the same frames, to the bit, or others beside each other
 * than alone.
 *
 * @param sampler of the plan's policy, for as many rows as the batches have
 */
export async function servedFindings(
  plan: Plan,
  sampler: ActionSampler,
  { batch, sessions }: ServedSamples,
): Promise<Finding[]> {
  const found = plannedPolicy(plan, 0);
  const policy = new LoadedPolicy({ ...found, sampler, brokenAnswers: "refuse" });
  const requests = sessions.map((session) => requestOf(plan, policy, session));
  if (sampler.isSaid) return await saidFindings(plan, { policy, sampler, batch, requests });
  const expected = await sampler.sample(batch, sampleKeys(batch, { ...keyedBy({ plan }), draw: 0 }));
  const served = await policy.act(requests);
  const chunks = served.map(asArray);
  const findings = sessions.flatMap((session, row): Finding[] => {
    const { embodiment } = plan.mixture.members[session.member]!;
    const unit = loadPlanOf(plan).units[session.member]!.action;
    const reading = { dofs: embodiment.dofs, unit, frame: plan.recipe.data.actions };
    const own = ownActions(cutToRobot(expected, row, slots(embodiment.dofs)), session.state, reading);
    const where = () => firstDifference(batch, policy.perceive(requests)) ?? "serving/policy.ts: act";
    return findingOf("horizon", own, chunks[row]!, where);
  });
  // The last robot has others before it; alone it stands in the first row.
  const [alone] = await policy.act([requests.at(-1)!]);
  findings.push(...findingOf("order", chunks.at(-1)!, asArray(alone), () => "serving/policy.ts: act"));
  return findings;
}

interface Speaking {
  readonly policy: LoadedPolicy;
  readonly sampler: ActionSampler;
  readonly batch: Batch;
  readonly requests: readonly ActionRequest[];
}

/** Of a policy that says its actions, the answers: those of weights that learnt nothing are no chunks. */
async function saidFindings(plan: Plan, { policy, sampler, batch, requests }: Speaking): Promise<Finding[]> {
  const said = async (asked: Batch, rows: number) => {
    const keys = sampleKeys(batch, { ...keyedBy({ plan }), draw: 0 }).slice(0, rows);
    return await sampler.said(sampler.feedsOf(asked, keys));
  };
  const answers = await said(batch, requests.length);
  const perceived = policy.perceive(requests);
  const where = () => firstDifference(batch, perceived) ?? "serving/policy.ts: perceive";
  const last = { b: [requests.length - 1] };
  const alone = await said(policy.perceive([requests.at(-1)!]), 1);
  return [
    ...findingOf("horizon", answers, await said(perceived, requests.length), where),
    ...findingOf("order", taken(answers, last, 0), taken(alone, { b: [0] }, 0), () => "serving/policy.ts: perceive"),
  ];
}

function requestOf(
  plan: Plan,
  policy: LoadedPolicy,
  { member, draw, observations, prompt, told }: RecordedSession,
): ActionRequest {
  const { embodiment } = plan.mixture.members[member]!;
  const robot = policy.robots.find((one) => one.embodiment === embodiment)!;
  const session = policy.session(robot, { seed: plan.recipe.seed });
  for (const observation of observations) session.see(observation);
  // A robot has noise of its own; here it has that of the sample, so that its actions are those of validation.
  return {
    ...session.ask(prompt),
    ...told,
    noise: { seed: plan.recipe.seed, episode: draw.episode, frame: draw.frame, draw: 0 },
  };
}

function asArray({ actions }: ActionChunk): HostArray<"t d", "float64"> {
  return new HostArray("t d", [actions.length, actions[0]!.length], "float64", Float64Array.from(actions.flat()));
}

function findingOf(law: Finding["law"], one: Output, other: Output, where: () => string): Finding[] {
  const difference = differenceOf(one, other, () => true);
  return difference === null
    ? []
    : [{ law, kind: null, column: "actions", leak: difference.size, where: where(), isServed: true }];
}

/** What a served robot's batch has otherwise than that of its sample: the first field or fact. */
function firstDifference(one: Batch, other: Batch): string | null {
  const [first, second] = [observationFeeds(one), observationFeeds(other)];
  const name = [...observedNames, ...factNames].find((each) => {
    const [x, y] = [first.get(each), second.get(each)];
    return x === undefined || y === undefined || x.cells.toString() !== y.cells.toString();
  });
  return name === undefined ? null : `batch/observation.ts: ${name}`;
}
