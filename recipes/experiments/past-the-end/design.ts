import type { Recipe } from "../../../src/recipe/schema.ts";

/** The simulated robots, narrowest first: 2, 3, 7 and 14 dofs. */
export const robotNames = ["reacher", "pusher", "arm", "bimanual"] as const;

export type RobotName = (typeof robotNames)[number];

type Conventions = Pick<Recipe["conventions"], "actionSight" | "pastEnd">;

/**
 * What an action step reads of the steps after it, and what training makes of those past an episode's end.
 *
 * `causal`: a step reads itself and earlier ones. The others read both ways: `hidden` leaves steps past the end out of the keys; `seen`
 * shows them with 0 at the input; `untaught` and `taught` repeat the last action there, and teach it in the second only; `inside`
 * leaves windows out that reach past the end.
 */
export const cells = {
  causal: { actionSight: "causal", pastEnd: "hidden" },
  taught: { actionSight: "both", pastEnd: "taught" },
  hidden: { actionSight: "both", pastEnd: "hidden" },
  untaught: { actionSight: "both", pastEnd: "repeated" },
  seen: { actionSight: "both", pastEnd: "seen" },
  inside: { actionSight: "both", pastEnd: "inside" },
} as const satisfies Record<string, Conventions>;

export type Cell = keyof typeof cells;

export const cellNames = Object.keys(cells).filter((name): name is Cell => Object.hasOwn(cells, name));

/** The cells that every study compares. */
export const compared = ["causal", "taught", "hidden"] as const satisfies readonly Cell[];

/** A part of the experiment: what is trained on what. */
export interface Study {
  readonly summary: string;
  readonly data: "states" | "pictures" | "real";
  readonly steps: number;
  /** Of each recorded episode; `null` of real ones. */
  readonly stepsAfterSuccess: number | null;
  /** Seeds of each cell. */
  readonly seeds: Readonly<Partial<Record<Cell, number>>>;
}

const states: Study = {
  summary: "four robots of 2, 3, 7 and 14 dofs, states alone, recordings that end at success",
  data: "states",
  steps: 1500,
  stepsAfterSuccess: 0,
  seeds: { causal: 10, taught: 10, hidden: 10, untaught: 4, seen: 4, inside: 4 },
};

export const studies = {
  "ends-at-success": states,
  "goes-on": {
    ...states,
    summary: "the same, with recordings that go on for 16 steps after success",
    stepsAfterSuccess: 16,
    seeds: { causal: 4, taught: 4, hidden: 4 },
  },
  "real-mixture": {
    summary: "the four real robots of `recipes/real-mixture.ts`, with cameras: 300 steps of its batch of 16",
    data: "real",
    steps: 300,
    stepsAfterSuccess: null,
    seeds: { causal: 5, taught: 5, hidden: 5 },
  },
  pictures: {
    summary: "the reacher with its goal in the picture alone, as `recipes/seeing.ts` trains it",
    data: "pictures",
    steps: 900,
    stepsAfterSuccess: 0,
    seeds: { causal: 3, taught: 3, hidden: 3 },
  },
} as const satisfies Record<string, Study>;

export type StudyName = keyof typeof studies;

export const studyNames = Object.keys(studies).filter((name): name is StudyName => Object.hasOwn(studies, name));

/** What each robot's expert records. To see a goal takes more of them. */
export const recorded = { episodes: { states: 250, pictures: 1200 }, seed: 1, heldOut: 0.1 } as const;

/** Steps of a chunk that are carried out, and how many of the starts that all runs have in common are played so. */
export const executionHorizons = [
  { execute: 8, starts: 200 },
  { execute: 4, starts: 100 },
  { execute: 16, starts: 100 },
] as const;

/** The execution horizon of the primary measure. */
export const primaryHorizon = executionHorizons[0];

export const closedLoop = { seed: 20_345, sideBySide: 40, pictureStarts: 100 } as const;

/** Held-out frames of each robot, and how often each is drawn and sampled. */
export const heldOut = { frames: 64, realFrames: 16, velocityDraws: 16, actionDraws: 4 } as const;

/** One run: a policy that is trained and measured. */
export interface Job {
  readonly study: StudyName;
  readonly cell: Cell;
  readonly seed: number;
}

/** Every run, in the order in which they are wanted: seed by seed, so that what is cut off leaves pairs; what decides comes first. */
export function jobs(): Job[] {
  return studyNames.flatMap((study) => {
    const { seeds }: Study = studies[study];
    const most = Math.max(...Object.values(seeds));
    return Array.from({ length: most }, (_, at) => at + 1).flatMap((seed) =>
      cellNames.flatMap((cell) => ((seeds[cell] ?? 0) >= seed ? [{ study, cell, seed }] : [])),
    );
  });
}

/** The cells that a study has. */
export function cellsOf(study: StudyName): Cell[] {
  const { seeds }: Study = studies[study];
  return cellNames.filter((cell) => (seeds[cell] ?? 0) > 0);
}

/** Names a run in the table. */
export function jobName({ study, cell, seed }: Job): string {
  return [study, cell, seed].join(" ");
}

/** Steps of a chunk. */
export const horizon = 16;
