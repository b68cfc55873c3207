import { z } from "zod";
import { describedIssue } from "../parse-input.ts";
import type { RunEvent } from "../training/event-log.ts";

/** Numbers of the optimizer's steps, one entry of each array per step. */
export interface StepColumns {
  readonly step: number[];
  readonly loss: number[];
  readonly gradientNorm: number[];
  readonly learningRate: number[];
}

const mayBeNull = z.number().nullable().default(null);

/** Losses of some held-out samples, by term of the loss; an older version knows fewer terms and no intervals. */
const lossKeys = {
  loss: z.number().nullable(),
  velocity: mayBeNull,
  tokens: mayBeNull,
  response: mayBeNull,
  /** 95 % confidence. */
  interval: z.tuple([z.number(), z.number()]).nullable().default(null),
} as const;

const validationSchema = z.object({
  step: z.int().nonnegative(),
  samples: z.int().nonnegative(),
  /** Which weights: those that train, or their averages. */
  weights: z.string().default(""),
  aggregate: z.object(lossKeys),
  groups: z.array(
    z.object({
      dataset: z.string(),
      controlMode: z.string(),
      samples: z.int().nonnegative(),
      episodes: z.int().nonnegative().default(0),
      ...lossKeys,
    }),
  ),
});

const stepSchema = z.object({
  step: z.int().nonnegative(),
  loss: z.number(),
  gradientNorm: z.number(),
  learningRate: z.number(),
});

const verdictSchema = z.union([
  z.enum(["clean", "absent", "known"]),
  z.object({ leak: z.number(), where: z.string(), isServed: z.boolean() }),
]);

const auditSchema = z.object({
  step: z.int().nonnegative(),
  clean: z.boolean(),
  leaks: z.array(z.string()),
  /** By kind of padding; an older version logs leaks in words alone. */
  rows: z
    .array(
      z.object({
        padding: z.string(),
        cells: z.int().nonnegative(),
        loss: verdictSchema,
        gradients: verdictSchema,
        actions: verdictSchema,
        metrics: verdictSchema,
        hint: verdictSchema,
      }),
    )
    .nullable()
    .default(null),
  laws: z.record(z.string(), verdictSchema).nullable().default(null),
});

const rolloutSchema = z.object({
  step: z.int().nonnegative(),
  robot: z.string(),
  dataset: z.string(),
  episodes: z.int().positive(),
  successRate: z.number(),
  interval: z.tuple([z.number(), z.number()]),
  meanSteps: z.number(),
});

export type ValidationRow = Readonly<z.infer<typeof validationSchema>>;
export type AuditRowOfRun = Readonly<z.infer<typeof auditSchema>>;
export type RolloutRow = Readonly<z.infer<typeof rolloutSchema>>;

/** What happened in a run, by kind, in order. */
export interface RunEvents {
  readonly steps: StepColumns;
  readonly validations: ValidationRow[];
  readonly audits: AuditRowOfRun[];
  readonly rollouts: RolloutRow[];
  /** What cannot be shown, said. */
  readonly problems: string[];
}

export function noEvents(): RunEvents {
  return {
    steps: { step: [], loss: [], gradientNorm: [], learningRate: [] },
    validations: [],
    audits: [],
    rollouts: [],
    problems: [],
  };
}

/**
 * Events by their kind.
 *
 * One that lacks what its kind has here, as it was written by another version, and one of a kind that is not known are left out; both
 * are told, a kind at a time.
 */
export function sortEvents(events: readonly RunEvent[]): RunEvents {
  const sorted = noEvents();
  const strange = new Map<string, { count: number; first: string }>();
  for (const event of events) {
    const problem = takeEvent(sorted, event);
    if (problem === null) continue;
    const found = strange.get(event.kind) ?? { count: 0, first: `step ${event.step}: ${problem}` };
    strange.set(event.kind, { ...found, count: found.count + 1 });
  }
  for (const [kind, { count, first }] of strange)
    sorted.problems.push(`${count} ${count === 1 ? "event" : "events"} of kind "${kind}" left out; ${first}`);
  return sorted;
}

/**
 * Puts an event behind those of its kind.
 *
 * @returns why it is left out
 */
export function takeEvent(sorted: RunEvents, event: RunEvent): string | null {
  switch (event.kind) {
    case "step":
      return takeStep(sorted.steps, event);
    case "validation":
      return taken(sorted.validations, validationSchema, event);
    case "audit":
      return taken(sorted.audits, auditSchema, event);
    case "rollout":
      return taken(sorted.rollouts, rolloutSchema, event);
    default:
      return "expected an event that this version knows; a newer one may have written it";
  }
}

/** By hand, as a run has very many steps; the schema says what is wrong. */
function takeStep(columns: StepColumns, { step, loss, gradientNorm, learningRate }: RunEvent): string | null {
  if (typeof loss !== "number" || typeof gradientNorm !== "number" || typeof learningRate !== "number")
    return taken([], stepSchema, { step, loss, gradientNorm, learningRate });
  columns.step.push(step);
  columns.loss.push(loss);
  columns.gradientNorm.push(gradientNorm);
  columns.learningRate.push(learningRate);
  return null;
}

function taken<Row>(rows: Row[], schema: z.ZodType<Row>, event: object): string | null {
  const { data, error } = schema.safeParse(event, { reportInput: true });
  if (data !== undefined) rows.push(data);
  return error === undefined ? null : error.issues.map(describedIssue).join("; ");
}
