import { readsHistory } from "../batch/history.ts";
import { type BatchShape, isSameShape, joinedShape, layoutIn, type Shaping } from "../batch/shape.ts";
import { frameCount } from "../mixture/frames.ts";
import type { Member } from "../mixture/mixture.ts";
import { stepCost } from "../objective/cost.ts";
import { traceObjectives } from "../objective/objective.ts";
import { layoutOf, type Plan, readingOf, settingOf } from "../recipe/plan.ts";
import { trainedBy } from "./begin.ts";

/** Rows of a batch that need the same room. */
export interface RowKind {
  /** Index among the mixture's members. */
  readonly member: number;
  readonly readsHistory: boolean;
  /** The views that exist, the observation slots that may be read, the tokens of its longest prompt. */
  readonly need: BatchShape;
  /** Of the rows of a batch, 0 to 1; those of all kinds add up to 1. */
  readonly share: number;
}

/** The shapes in which a run computes its rows, and what that saves. */
export interface ShapePlan {
  /** That of the recipe, which has room for every row. */
  readonly whole: BatchShape;
  readonly kinds: readonly RowKind[];
  readonly shapes: readonly BatchShape[];
  /** Of each kind, the index of its shape. */
  readonly shapeOfKind: readonly number[];
  /** Share of a step's matrix products that is spent on room that rows do not need, 0 to 1: in one shape, and in these. */
  readonly padding: { readonly one: number; readonly fit: number };
}

/**
 * What a micro-batch costs by itself, in operations for each parameter that trains: its gradient is written, read again, and added to that of
 * another micro-batch. About what `armature bench shapes` shows: 30 ms of a core that computes 77 GFLOP a second, for 8.8 million parameters. No
 * result depends on it but by the choice of shapes.
 */
export const operationsPerParameter = 200;

/**
 * The shapes that make a step of a recipe cheap: each kind of row begins with what it needs, and two shapes become one as long as that
 * makes a step cheaper. A function of the recipe and its data alone. Operations are counted from the programs, not measured.
 */
export function shapePlanOf(plan: Plan): ShapePlan {
  const whole = layoutOf(plan.recipe, 1);
  const kinds = rowKindsOf(plan);
  const cost = new ShapeCost(plan);
  const groups = merged(
    kinds.map(({ need: shape, share }, kind) => ({ shape, share, kinds: [kind] })),
    (group) => cost.ofGroup(group),
  );
  const rows = (shapeOf: (kind: number) => BatchShape) =>
    kinds.reduce((sum, { share }, kind) => sum + share * cost.ofRow(shapeOf(kind)), 0);
  const shapeOfKind = kinds.map((_, kind) => groups.findIndex((group) => group.kinds.includes(kind)));
  const needed = rows((kind) => kinds[kind]!.need);
  const fit = rows((kind) => groups[shapeOfKind[kind]!]!.shape);
  return {
    whole,
    kinds,
    shapes: groups.map(({ shape }) => shape),
    shapeOfKind,
    padding: { one: 1 - needed / cost.ofRow(whole), fit: 1 - needed / fit },
  };
}

/** The shapes of a plan's rows; `null` where all have one. */
export function shapingOf(plan: Plan): Shaping | null {
  if ((plan.recipe.batch.shapes ?? "one") === "one") return null;
  const { kinds, shapes, shapeOfKind } = shapePlanOf(plan);
  const { members } = plan.mixture;
  const { seed } = plan.recipe;
  const [reading, layout] = [readingOf(plan.recipe), layoutOf(plan.recipe, 1)];
  return {
    shapes,
    shapeOf(draw, purpose) {
      const member = members[draw.member]!;
      const reads = readsHistory({ member, reading, layout, seed, purpose }, draw);
      return shapeOfKind[kinds.findIndex((kind) => kind.member === draw.member && kind.readsHistory === reads)]!;
    },
  };
}

/** Every kind of row that a mixture has, also those of members that are only held out. */
function rowKindsOf(plan: Plan): RowKind[] {
  const { recipe, mixture, findings } = plan;
  const { slots } = recipe.policy.history;
  return mixture.members.flatMap((member, at) => {
    const views = member.embodiment.cameras.filter(({ key }) => key !== null).length;
    const tokens = findings[at]!.longestPrompt;
    const kind = (reads: boolean, share: number): RowKind => {
      return { member: at, readsHistory: reads, need: { views, observations: reads ? slots : 1, tokens }, share };
    };
    if (slots === 1) return [kind(false, member.share)];
    const reading = member.share * historyShare(plan, member);
    return [kind(true, reading), kind(false, member.share - reading)];
  });
}

/** The share of a member's training samples that read an observation slot before now. */
function historyShare({ recipe }: Plan, member: Member): number {
  const { rate, interval, historyDropout } = readingOf(recipe);
  const apart = Math.ceil(rate === "native" ? interval : (interval * member.framesPerSecond) / rate);
  const { starts } = member.train;
  const behind = starts.slice(1).reduce((sum, end, at) => sum + Math.max(0, end - starts[at]! - apart), 0);
  return (1 - historyDropout) * (behind / Math.max(1, frameCount(member.train)));
}

/** Rows that share a shape. */
interface Group {
  readonly shape: BatchShape;
  readonly share: number;
  readonly kinds: readonly number[];
}

/** Joins the two groups that save most by it, as long as any do; equal shapes are one in any case. */
function merged(given: readonly Group[], cost: (group: Group) => number): Group[] {
  const groups = [...given];
  for (;;) {
    let best: { readonly one: Group; readonly other: Group; readonly joined: Group; readonly saved: number } | null =
      null;
    for (const [at, one] of groups.entries())
      for (const other of groups.slice(at + 1)) {
        const joined = {
          shape: joinedShape(one.shape, other.shape),
          share: one.share + other.share,
          kinds: [...one.kinds, ...other.kinds],
        };
        const isSame = isSameShape(one.shape, other.shape);
        const saved = isSame ? Number.POSITIVE_INFINITY : cost(one) + cost(other) - cost(joined);
        if (saved >= 0 && (best === null || saved > best.saved)) best = { one, other, joined, saved };
      }
    if (best === null) return groups;
    const { one, other, joined } = best;
    groups.splice(groups.indexOf(one), 1, joined);
    groups.splice(groups.indexOf(other), 1);
  }
}

/** What rows and micro-batches take of a step, in operations; counted once for each shape. */
export class ShapeCost {
  readonly #plan: Plan;
  readonly #rows = new Map<string, number>();
  #parameters: number | null = null;
  #trained: ReadonlySet<string> | null = null;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** Of one row. */
  ofRow(shape: BatchShape): number {
    const key = JSON.stringify([shape.views, shape.observations, shape.tokens]);
    const found = this.#rows.get(key) ?? this.#counted(shape).operations;
    this.#rows.set(key, found);
    return found;
  }

  /** Of the rows of a group in a step: a shape that few steps have costs a micro-batch in those. */
  ofGroup({ shape, share }: Group): number {
    const { size, microBatch } = this.#plan.recipe.batch;
    const rows = share * size;
    const microBatches = rows < 1 ? rows : Math.ceil(rows / microBatch);
    this.#parameters ??= this.#counted(layoutOf(this.#plan.recipe, 1)).parameters;
    return rows * this.ofRow(shape) + microBatches * operationsPerParameter * this.#parameters;
  }

  #counted(shape: BatchShape) {
    const setting = settingOf(this.#plan, 1);
    this.#trained ??= trainedBy(this.#plan.recipe, traceObjectives(setting).parameters);
    return stepCost({ ...setting, layout: layoutIn(setting.layout, shape) }, this.#trained);
  }
}
