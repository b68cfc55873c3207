import type { Batch } from "../batch/batch.ts";
import { cutToRobot, laidInSlots } from "../batch/cut.ts";
import { observationSlots } from "../batch/history.ts";
import type { BatchLayout } from "../batch/layout.ts";
import { slots } from "../embodiment/embodiment.ts";
import { type ActionReading, ownActions, unitActions } from "../embodiment/own-action.ts";
import { HostArray } from "../graph/host-array.ts";
import { InputError } from "../input-error.ts";
import type { ChunkBefore, Chunking } from "../objective/chunking.ts";
import type { ActionSampler } from "../objective/sample.ts";
import type { WeightKind } from "../objective/weight-kind.ts";
import { readingOf } from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";
import { tokenizerOf } from "../recipe/tokenizer.ts";
import type { ActionChunk, ActionRequest, RestOfChunk } from "./action.ts";
import { ExportedSampler } from "./exported-sampler.ts";
import { chunkOf, noiseKeyOf, type PolicyReading, perceived, sessionOf } from "./perceive.ts";
import { chooseRobot, type RobotQuery, type ServedRobot } from "./robot.ts";
import { type BrokenAnswers, heldChunk } from "./said.ts";
import type { Session } from "./session.ts";

const warmingCalls = 3;

/** What a served policy consists of. */
export interface PolicyParts {
  /** Folder of the checkpoint, or an exported file. */
  readonly checkpoint: string;
  readonly step: number;
  readonly notes: readonly string[];
  readonly recipe: Recipe;
  readonly robots: readonly ServedRobot[];
  /** What makes actions: a program compiled here, in unit scale, or that of an exported file, for its one robot. */
  readonly sampler: ActionSampler | ExportedSampler;
  /** Missing: one. */
  readonly lanes?: number;
  /** Missing: float32. */
  readonly weightKind?: WeightKind | undefined;
  readonly brokenAnswers: BrokenAnswers;
}

/** A trained policy that gives actions, in each robot's own width and units. */
export class LoadedPolicy {
  readonly checkpoint: string;
  /** Optimizer steps that its weights have seen. */
  readonly step: number;
  /** What you should know: newer checkpoints of the run that are not whole and were passed over. */
  readonly notes: readonly string[];
  readonly recipe: Recipe;
  /** Every robot that it acts for. */
  readonly robots: readonly ServedRobot[];
  /** Calls that gain from running at the same time: each has its share of the threads. */
  readonly lanes: number;
  /** What it holds its weights as. */
  readonly weightKind: WeightKind;
  readonly #sampler: ActionSampler | ExportedSampler;
  readonly #seeing: PolicyReading;
  readonly #brokenAnswers: BrokenAnswers;

  /** @internal Policies come from `loadPolicy`. */
  constructor(parts: PolicyParts) {
    const { checkpoint, step, notes, recipe, robots, sampler, brokenAnswers } = parts;
    const { lanes = 1, weightKind = "float32" } = parts;
    this.checkpoint = checkpoint;
    this.step = step;
    this.notes = notes;
    this.recipe = recipe;
    this.robots = robots;
    this.lanes = lanes;
    this.weightKind = weightKind;
    this.#sampler = sampler;
    this.#seeing = policyReading(recipe, sampler.layout);
    this.#brokenAnswers = brokenAnswers;
  }

  /** The most robots that it acts for in one call; fewer take as long. */
  get rows(): number {
    return this.#sampler.layout.rows;
  }

  /** Steps of the chunks that it gives: the action horizon, or fewer where it was compiled for the first steps only. */
  get steps(): number {
    return this.#sampler.layout.steps;
  }

  /** Observation slots that it reads: 1 where it knows no history. */
  get observations(): number {
    return this.#sampler.layout.observations;
  }

  /** Whether its actions are what an answer says, which may end early, or be no chunk. */
  get saysActions(): boolean {
    return this.#sampler.isSaid;
  }

  /** How its chunks go on from those before them; `undefined` where each arises by itself. */
  get chunking(): Chunking | undefined {
    return this.#sampler.chunking;
  }

  /**
   * The one robot that a query names.
   *
   * @throws InputError listing the known robots where none fits, or those that fit where several do
   */
  robot(query: RobotQuery): ServedRobot {
    return chooseRobot(this.robots, query);
  }

  /** A session of a robot, with a history of its own. */
  session(robot: ServedRobot, { seed }: { readonly seed: number }): Session {
    return sessionOf(this.#known(robot), this.#seeing, seed);
  }

  /**
   * Action chunks for several robots in one batch, each as if it were alone. The event loop stays free.
   *
   * @returns a chunk for each request, in order
   * @throws InputError where a request does not fit its robot or the policy, or the policy gives no finite actions or, unless it was loaded
   *   so that these are 0, an answer that is no chunk
   */
  async act<const R extends readonly ActionRequest[]>(requests: R): Promise<{ [K in keyof R]: ActionChunk }>;
  async act(requests: readonly ActionRequest[]): Promise<ActionChunk[]> {
    const keys = requests.map(noiseKeyOf);
    const before = requests.map((request) => this.#chunkBefore(request));
    const [sampler, batch] = [this.#sampler, this.perceive(requests)];
    if (sampler instanceof ExportedSampler) {
      const own = requests.map((request, row) => sampler.run(batch, request, keys[row]!));
      return (await Promise.all(own)).map((cells, row) =>
        chunkOf(this.checkpoint, requests[row]!.robot, cells, this.steps),
      );
    }
    const actions = await sampler.sampleAfter(batch, keys, before);
    return requests.map((request, row) => this.#chunk(request, actions, row));
  }

  /**
   * The batch that the policy reads for these requests: equal to the bit to what validation reads of the same frames, because the
   * same code makes both.
   *
   * @throws InputError where a request does not fit its robot or the policy
   */
  perceive(requests: readonly ActionRequest[]): Batch {
    for (const { robot } of requests) this.#known(robot);
    return perceived(requests, { ...this.#seeing, tokenizer: tokenizerOf(this.recipe) });
  }

  /**
   * Computes actions for nobody, on every lane: the first calls of a program take two to three times as long as later ones, as memory is
   * asked for and JavaScript is compiled.
   */
  async warmUp(): Promise<void> {
    const [robot] = this.robots;
    if (robot === undefined) return;
    const { states, cameras } = robot.embodiment;
    const session = this.session(robot, { seed: 0 });
    const views = cameras.filter(({ key }) => key !== null).map(({ view }) => [view, null] as const);
    session.see({ state: states.map(() => 0), pictures: Object.fromEntries(views) });
    const request = session.ask(new Int32Array());
    const key = { ...request.noise, dataset: robot.dataset };
    const sampler = this.#sampler;
    const computed = (batch: Batch) =>
      sampler instanceof ExportedSampler ? sampler.run(batch, request, key) : sampler.sample(batch, [key]);
    for (let call = 0; call < warmingCalls; call++)
      await Promise.all(Array.from({ length: this.lanes }, () => computed(this.perceive([request]))));
  }

  /** Frees the program's memory when no call is running any more; acting afterwards is an error. */
  release(): void {
    this.#sampler.release();
  }

  /** In unit scale, by slot, and relative to the state now where the policy's actions are. */
  #chunkBefore({ robot, observations, before }: ActionRequest): ChunkBefore | null {
    if (before === undefined) return null;
    const problem = restProblem(before, this.#sampler.chunking, this.recipe);
    if (problem !== null) throw new InputError(`${robot.name}: ${problem}`);
    const { dofs } = robot.embodiment;
    const cells = Float64Array.from(before.actions.flat());
    const own = new HostArray("t d", [before.actions.length, dofs.length], "float64", cells);
    const unit = unitActions(own, stateNow(observations), this.#reading(robot));
    return { actions: laidInSlots(unit, slots(dofs), this.#sampler.layout.actionWidth), delay: before.delay };
  }

  #reading({ embodiment: { dofs }, units }: ServedRobot): ActionReading {
    return { dofs, unit: units.action, frame: this.recipe.data.actions };
  }

  #chunk({ robot, observations }: ActionRequest, actions: HostArray<"b t d">, row: number): ActionChunk {
    const { dofs } = robot.embodiment;
    const own = cutToRobot(actions, row, slots(dofs));
    const { chunk, said } = this.saysActions ? heldChunk(own) : { chunk: own, said: this.steps };
    if (said === 0 && this.#brokenAnswers === "refuse")
      throw new InputError(
        `${this.checkpoint}: expected a chunk of ${robot.name}, got an answer that says 0 of ${this.steps} steps; train it on, or ask for zeros in place of broken answers`,
      );
    const { cells } = ownActions(chunk, stateNow(observations), this.#reading(robot));
    return chunkOf(this.checkpoint, robot, cells, said);
  }

  #known(robot: ServedRobot): ServedRobot {
    if (!this.robots.includes(robot))
      throw new InputError(
        `${robot.name}: expected one of this policy's own robots, got another's; ask it for its robot`,
      );
    return robot;
  }
}

/** The robot's state as the last of its observations tells it. */
function stateNow(observations: ActionRequest["observations"]): Float64Array {
  return Float64Array.from(observations[observations.length - 1]?.state ?? []);
}

/** What is wrong with a robot's chunk before; `null` where nothing is. */
function restProblem(
  { actions, delay }: RestOfChunk,
  chunking: Chunking | undefined,
  { policy: { maxDelay = 0 } }: Recipe,
): string | null {
  if (chunking === undefined)
    return "expected no chunk before, since each arises by itself, got one; load the policy with chunking";
  if (!Number.isInteger(delay) || delay < 0 || delay > actions.length)
    return `delay: expected at most the ${actions.length} steps that are left of the chunk before, got ${delay}`;
  if (chunking.kind === "frozen" && delay > maxDelay)
    return `delay: expected at most policy.maxDelay (${maxDelay}), under which the policy was trained, got ${delay}`;
  return null;
}

/** How a policy of a recipe reads what robots see. */
export function policyReading(recipe: Recipe, layout: BatchLayout): PolicyReading {
  const reading = readingOf(recipe);
  const { prompt, metadata, longPrompt, letterbox } = reading;
  return { layout, slots: observationSlots(layout, reading), prompt, metadata, longPrompt, letterbox };
}
