import type { Robot } from "../batch/observation.ts";
import { normalizationConventionOf } from "../checkpoint/conventions.ts";
import type { Manifest } from "../checkpoint/manifest.ts";
import { decodeStatistics } from "../checkpoint/robot-record.ts";
import { InputError } from "../input-error.ts";
import { loadPlanOf, type Plan, statisticsOf, unitsOf } from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";
import { vectorModesOf } from "../recipe/vector-modes.ts";
import { type SeenRanges, seenRanges } from "./seen-range.ts";

/** A robot that a policy acts for: the embodiment of a dataset of its mixture, under one control mode. */
export interface ServedRobot extends Robot {
  readonly dataset: string;
  /** Rate of the robot's observations: history counts these frames. */
  readonly framesPerSecond: number;
  /** Rate of the steps of an action chunk. */
  readonly stepsPerSecond: number;
  /** Where its actions were in the data of its normalisation group; `null` where nobody measured it. */
  readonly seen: SeenRanges | null;
}

/** Which robot is meant; a key that is left out may have any value. */
export interface RobotQuery {
  readonly robotType?: string;
  readonly dataset?: string;
  readonly controlMode?: string;
}

/** The robots that a checkpoint's weights were trained to act for. */
export function servedRobots(
  { members, statistics }: Pick<Manifest, "members" | "statistics">,
  recipe: Recipe,
): ServedRobot[] {
  const { rate, actions: frame } = recipe.data;
  const modes = vectorModesOf(recipe);
  const convention = normalizationConventionOf(recipe.conventions);
  const groups = [...new Set(members.map(({ head }) => head))];
  return members
    .filter(({ embodiment }) => embodiment.target === "actions")
    .map(({ dataset, head, framesPerSecond, embodiment }) => {
      const { action, state } = statistics[head]!;
      const found = { action: decodeStatistics(action), state: decodeStatistics(state) };
      return {
        name: describe({ dataset, embodiment }),
        embodiment,
        normalizationGroup: groups.indexOf(head),
        units: unitsOf(found, embodiment, { modes, convention, frame }),
        dataset,
        framesPerSecond,
        stepsPerSecond: rate === "native" ? framesPerSecond : rate,
        seen: seenRanges(found, embodiment, frame),
      };
    });
}

/** The robots that a policy in training will act for. */
export function plannedRobots(plan: Plan): ServedRobot[] {
  const { units } = loadPlanOf(plan);
  const { rate, actions: frame } = plan.recipe.data;
  return plan.mixture.members
    .map(({ datasetName: dataset, normalizationGroup, framesPerSecond, embodiment }, at) => ({
      name: describe({ dataset, embodiment }),
      embodiment,
      normalizationGroup,
      units: units[at]!,
      dataset,
      framesPerSecond,
      stepsPerSecond: rate === "native" ? framesPerSecond : rate,
      seen: seenRanges(statisticsOf(plan, normalizationGroup), embodiment, frame),
    }))
    .filter(({ embodiment }) => embodiment.target === "actions");
}

/**
 * The one robot that a query names.
 *
 * @throws InputError listing the known robots where none fits, or those that fit where several do
 */
export function chooseRobot(robots: readonly ServedRobot[], query: RobotQuery): ServedRobot {
  const fitting = robots.filter(
    ({ dataset, embodiment }) =>
      isAsAsked(query.robotType, embodiment.robotType) &&
      isAsAsked(query.controlMode, embodiment.controlMode) &&
      isAsAsked(query.dataset, dataset),
  );
  const [found, ...others] = fitting;
  if (found !== undefined && others.length === 0) return found;
  const asked = Object.entries(query).map(([key, value]) => `${key} "${value}"`);
  const many = fitting.length > 1;
  throw new InputError(
    `robot: expected one robot with ${asked.join(", ") || "nothing said about it"}, got ${many ? fitting.length : "none"}; ` +
      `${many ? "these fit" : "the policy knows"}: ${(many ? fitting : robots).map(({ name }) => name).join("; ")}`,
  );
}

function isAsAsked(asked: string | undefined, own: string): boolean {
  return asked === undefined || asked === own;
}

function describe({ dataset, embodiment }: Pick<ServedRobot, "dataset" | "embodiment">): string {
  const { robotType, controlMode } = embodiment;
  return `robot "${robotType}", dataset "${dataset}", control mode "${controlMode}"`;
}
