import { HostArray } from "../graph/host-array.ts";

/**
 * What becomes of an answer that is no chunk of its robot: "refuse": an error in its place. "zeros": 0 in unit scale, which is the middle of
 * what the robot did in its recordings; openpi and LeRobot do so.
 */
export const brokenAnswerChoices = ["refuse", "zeros"] as const;

export type BrokenAnswers = (typeof brokenAnswerChoices)[number];

/** Answers that a policy gave, and how many of them left something out. */
export interface AnswerCounts {
  readonly all: number;
  /** Ended before the horizon, so that their last step was held. */
  readonly short: number;
  /** Were no chunk of their robot. */
  readonly broken: number;
}

export const noAnswers: AnswerCounts = { all: 0, short: 0, broken: 0 };

/** One answer more. @param said how many of so many steps it says */
export function counted(counts: AnswerCounts, said: number, steps: number): AnswerCounts {
  const { all, short, broken } = counts;
  return { all: all + 1, short: short + (said > 0 && said < steps ? 1 : 0), broken: broken + (said === 0 ? 1 : 0) };
}

/** Counts of several robots together. */
export function together(counts: readonly AnswerCounts[]): AnswerCounts {
  const sum = (of: (one: AnswerCounts) => number) => counts.reduce((total, one) => total + of(one), 0);
  return { all: sum(({ all }) => all), short: sum(({ short }) => short), broken: sum(({ broken }) => broken) };
}

/** A chunk with all its steps, and how many of them an answer said. */
export interface HeldChunk {
  readonly chunk: HostArray<"t d">;
  readonly said: number;
}

/**
 * A chunk in which each step that an answer left out is the last one that it said, and 0 where it said none.
 *
 * @param chunk `[t d]`, in unit scale: no numbers in steps that were not said, which are the last ones
 */
export function heldChunk({ axes, shape, cells }: HostArray<"t d">): HeldChunk {
  const [steps = 0, dofs = 0] = shape;
  const first = cells.findIndex((cell) => Number.isNaN(cell));
  const said = first < 0 ? steps : Math.floor(first / dofs);
  const held = Float32Array.from(cells, (cell, at) => {
    if (at < said * dofs) return cell;
    return said === 0 ? 0 : cells[(said - 1) * dofs + (at % dofs)]!;
  });
  return { chunk: new HostArray(axes, shape, "float32", held), said };
}
