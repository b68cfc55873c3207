import type { Dice } from "./dice.ts";
import type { DrawnClip, DrawnFilm } from "./drawn-dataset.ts";
import { clipsAsShown, type Piece, piece, secondsOf, timed } from "./film-piece.ts";
import type { FilmPlan } from "./plan.ts";

/** The clip that a fault of a film's metadata is in. */
export const faultyClip = 1;

/** Pictures after the last row, so that pictures and rows differ in number. */
const more = 2;

/** A film of episodes one after the other, with what is wrong with it. */
export function faultyFilm(plan: FilmPlan, dice: Dice): Omit<DrawnFilm, "file" | "firstNumber"> {
  const { fault, framesPerSecond } = plan;
  const ratio = fault === "film at another rate" ? dice.pick([0.5, 0.8, 1.25]) : 1;
  const pieces = plan.episodes.map((episode): Piece => {
    const whole = piece(episode, { before: 0, after: 0, stride: 1 });
    return { ...whole, pictures: Math.round(whole.pictures * ratio) };
  });
  const isLonger =
    fault === "clips overlap" || fault === "from off the grid" || (fault === "from past the film" && dice.happens(0.5));
  const all: Piece[] = isLonger ? [...pieces, { episode: null, pictures: more, rows: [] }] : pieces;
  const timing = timed(plan, dice, { pieces: all, rate: framesPerSecond * ratio, unevenness: 0 });
  const clips = clipsAsShown({ ...plan, pieces: all, timing, endsAreStated: ratio !== 1 || dice.happens(0.5) });
  const missing = fault === "film ends early" ? dice.between(1, 3) : 0;
  const times = secondsOf(timing);
  const misplaced = clips.map((clip, at) => ({ ...clip, ...misplacedTimes(plan, dice, { clip, at, times }) }));
  return { timescale: timing.timescale, ticks: timing.ticks.slice(0, timing.ticks.length - missing), clips: misplaced };
}

interface Placed {
  readonly clip: DrawnClip;
  readonly at: number;
  readonly times: readonly number[];
}

function misplacedTimes(
  plan: FilmPlan,
  dice: Dice,
  { clip, at, times }: Placed,
): { readonly from: number; readonly to: number | null } {
  const { fault, framesPerSecond } = plan;
  const { from, to } = clip;
  const moved = (seconds: number) => ({ from: from + seconds, to: to === null ? null : to + seconds });
  const end = (times.at(-1) ?? 0) + 1;
  switch (fault) {
    case "clips overlap": {
      const first = (clip.pictures[0] ?? 0) - dice.between(1, 5);
      return at === faultyClip ? { from: times[first] ?? 0, to } : { from, to };
    }
    case "from off the grid":
      return at === faultyClip ? moved((0.3 + 0.4 * dice.share()) / framesPerSecond) : { from, to };
    case "from past the film":
      return moved(end);
    case "clips leave pictures out":
      return at >= faultyClip ? moved(1 / framesPerSecond) : { from, to };
    default:
      return { from, to };
  }
}
