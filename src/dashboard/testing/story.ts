import { type Finding, reportOf } from "../../audit/report.ts";
import type { Group, WeightsValidation } from "../../metric/group.ts";
import { validationAsJson } from "../../objective/as-json.ts";
import { recipe } from "../../recipe/testing/recipe.ts";
import type { DemoRobot, DemoStory, FilmedRollout, Played } from "../demo-story.ts";
import type { BatchMapJson } from "../padding/batch-map.ts";
import { sortEvents } from "../run-events.ts";

const film = (episode: number, isSuccess: boolean, byte: number): FilmedRollout => ({
  episode,
  isSuccess,
  mp4: Uint8Array.of(byte, byte, byte),
});

const played = (successes: number, meanSteps: number, films: readonly FilmedRollout[]): Played => ({
  successes,
  score: { successRate: successes / 8, interval: [successes / 16, (successes + 8) / 16], meanSteps },
  films,
});

const robot = (name: string, frames: number, untrained: Played, trained: Played): DemoRobot => ({
  name,
  summary: `what ${name} does`,
  dofs: 2,
  controlMode: "joint",
  episodes: 20,
  frames,
  untrained,
  trained,
});

function validation(losses: readonly [reacher: number, pusher: number]): WeightsValidation {
  const own = (loss: number) => ({ byErrors: new Map([["velocity", loss]]), loss, interval: null });
  const groups = losses.map((loss, at): Group => {
    return { dataset: ["reacher", "pusher"][at]!, controlMode: "joint", samples: 30 + at, episodes: 3, ...own(loss) };
  });
  return { samples: 61, groups, aggregate: own((losses[0] + losses[1]) / 2), weights: "ema" };
}

const leak: Finding = {
  law: "poison",
  kind: "views",
  column: "actions",
  leak: 0.0625,
  where: "batch/collate.ts: images",
  isServed: false,
};

const cells = {
  "action-dims": 378,
  "action-steps": 189,
  "state-dims": 45,
  history: 0,
  views: 17,
  "prompt-tokens": 3,
  "response-tokens": 0,
  "metadata-tokens": 0,
  subgoals: 0,
  "action-tokens": 0,
  "robotless-samples": 0,
  "filler-rows": 0,
};

const validations = [
  { step: 0, validation: validation([3.1111, 2.2222]) },
  { step: 2, validation: validation([0.4444, 0.5555]) },
];

/** Of each robot the first sample of a batch: two of three slots and two steps, the last of pusher's past the end. */
const batch: BatchMapJson = {
  step: 0,
  steps: 40,
  fields: [
    {
      name: "actions",
      axes: [
        { letter: "t", name: "steps", size: 2 },
        { letter: "d", name: "slots", size: 3 },
      ],
    },
  ],
  members: ["reacher", "pusher"].map((dataset) => {
    return { dataset, controlMode: "joint", dofs: ["x", "y", null], states: [], views: [] };
  }),
  samples: [
    { member: 1, episode: 4, row: 7, draw: 0, real: { actions: "110000" } },
    { member: 0, episode: 5, row: 8, draw: 0, real: { actions: "110110" } },
    { member: 0, episode: 6, row: 9, draw: 0, real: { actions: "110110" } },
  ],
  fillerRows: 0,
  shares: [
    { member: 0, samples: 2, fields: { actions: { real: 8, cells: 12 } }, computePadding: 0.25 },
    { member: 1, samples: 1, fields: { actions: { real: 2, cells: 6 } }, computePadding: 0.625 },
  ],
};

/** A demo of two robots in which every number is another, so that one in another's place is seen. */
export const story: DemoStory = {
  recipe,
  seen: null,
  weights: 1234,
  robots: [
    robot(
      "reacher",
      345,
      played(1, 58.5, [film(0, false, 10)]),
      played(7, 14.25, [film(0, true, 11), film(1, false, 12)]),
    ),
    robot("pusher", 678, played(0, 100, [film(0, false, 20)]), played(5, 61.75, [film(0, true, 21)])),
  ],
  starts: 8,
  batch,
  validations,
  log: {
    ...sortEvents([
      { kind: "step", step: 1, loss: 2.9, gradientNorm: 1.5, learningRate: 0.25 },
      { kind: "step", step: 2, loss: 0.3, gradientNorm: 0.5, learningRate: 0.125 },
      ...validations.map(({ step, validation: found }) => {
        return { kind: "validation", step, ...validationAsJson(found) };
      }),
    ]),
    times: { step: [], at: [], waitedMs: [], isStart: [] },
    isFromStart: true,
    isTorn: false,
  },
  audit: reportOf([leak], cells),
  phases: [
    { name: "record", seconds: 12 },
    { name: "train", seconds: 34 },
  ],
  seconds: 46,
  run: "runs/story",
};
