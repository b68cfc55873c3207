import { turnsOf } from "../../src/ranks/deal.ts";

/** What one rank does, in order: batches of so many rows to compute, and meetings of all ranks. */
export type Turn =
  | { readonly kind: "compute"; readonly rows: number; readonly repeated: number }
  | { readonly kind: "meet" };

/** Ways to validate a mixture whose datasets have so many held-out frames each. */
export const ways = {
  "one pass": onePass,
  "loader per dataset, even batches": (frames, microBatch, ranks) => perDataset(frames, ranks, evenBatches(microBatch)),
  "loader per dataset, ragged batches": (frames, microBatch, ranks) =>
    perDataset(frames, ranks, raggedBatches(microBatch)),
} as const satisfies Record<string, Way>;

export type WayName = keyof typeof ways;
export const wayNames = ["one pass", "loader per dataset, even batches", "loader per dataset, ragged batches"] as const;

type Way = (frames: readonly number[], microBatch: number, ranks: number) => Turn[][];

/** Wall clock of a schedule, and what the time of all ranks together goes into. */
export interface Account {
  readonly wallMs: number;
  /** Share of the ranks' time in which they wait. */
  readonly idle: number;
  /** Share in which they compute rows that they have computed already. */
  readonly repeated: number;
}

/** What a schedule comes to where nothing but computing takes time. */
export function account(schedule: readonly (readonly Turn[])[], msOf: (rows: number) => number): Account {
  const meetings = schedule[0]?.filter(({ kind }) => kind === "meet").length ?? 0;
  const spans = schedule.map((turns) => spansOf(turns, meetings, msOf));
  let wallMs = 0;
  for (let at = 0; at < meetings; at++) wallMs += Math.max(...spans.map((own) => own[at]!));
  const all = wallMs * schedule.length;
  const busy = spans.flat().reduce((sum, ms) => sum + ms, 0);
  return { wallMs, idle: 1 - busy / all, repeated: repeatedMs(schedule.flat(), msOf) / all };
}

/** Time of the rows of batches that repeat others. */
export function repeatedMs(turns: readonly Turn[], msOf: (rows: number) => number): number {
  return turns.reduce(
    (sum, turn) => sum + (turn.kind === "compute" ? (msOf(turn.rows) * turn.repeated) / turn.rows : 0),
    0,
  );
}

/** Milliseconds of computing before each meeting. */
function spansOf(turns: readonly Turn[], meetings: number, msOf: (rows: number) => number): number[] {
  const spans = Array.from({ length: meetings }, () => 0);
  let at = 0;
  for (const turn of turns)
    if (turn.kind === "meet") at++;
    else spans[at]! += msOf(turn.rows);
  return spans;
}

/** The product's: whole micro-batches over all datasets, dealt in turn, and one meeting. Filler rows are computed too. */
function onePass(frames: readonly number[], microBatch: number, ranks: number): Turn[][] {
  const total = frames.reduce((sum, count) => sum + count, 0);
  const batches = Math.ceil(total / microBatch);
  return Array.from({ length: ranks }, (_, rank) => [
    ...turnsOf(batches, { rank, size: ranks }).map(
      (turn): Turn => ({
        kind: "compute",
        rows: microBatch,
        repeated: Math.max(0, (turn + 1) * microBatch - total),
      }),
    ),
    { kind: "meet" },
  ]);
}

type Batches = (frames: number, ranks: number) => readonly { readonly rows: number; readonly repeated: number }[];

/** One dataset after the other, its batches dealt in turn, with a meeting after each dataset. */
function perDataset(frames: readonly number[], ranks: number, batchesOf: Batches): Turn[][] {
  return Array.from({ length: ranks }, (_, rank) =>
    frames.flatMap((count): Turn[] => [
      ...batchesOf(count, ranks)
        .filter((_batch, at) => at % ranks === rank)
        .map((batch): Turn => ({ kind: "compute", ...batch })),
      { kind: "meet" },
    ]),
  );
}

/**
 * As many full batches for each rank: samples from the dataset's beginning fill up the last round.
 *
 * @source accelerate `data_loader.py` `BatchSamplerShard._iter_with_no_split`, `even_batches=True`, its default
 */
function evenBatches(microBatch: number): Batches {
  return (frames, ranks) =>
    Array.from({ length: Math.ceil(frames / (microBatch * ranks)) * ranks }, (_, at) => ({
      rows: microBatch,
      repeated: Math.min(microBatch, Math.max(0, (at + 1) * microBatch - frames)),
    }));
}

/** Batches as they are, the last of a dataset shorter: accelerate with `even_batches=False`. */
function raggedBatches(microBatch: number): Batches {
  return (frames) =>
    Array.from({ length: Math.ceil(frames / microBatch) }, (_, at) => ({
      rows: Math.min(microBatch, frames - at * microBatch),
      repeated: 0,
    }));
}
