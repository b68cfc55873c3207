import { firstNonFinite } from "./finite.ts";
import { slowed } from "./largest-step.ts";
import { type ActionRows, firstOutside, type LimitChoice, limited } from "./limit.ts";
import { Refusal } from "./refusal.ts";
import type { ServedRobot } from "./robot.ts";
import type { Range } from "./seen-range.ts";

/** What a robot's actions have to keep to before they leave. */
export interface ActionRules {
  readonly outside: Exclude<LimitChoice, "off">;
  /** `null`: no limits. */
  readonly limits: Range | null;
  /** By dof, in its own unit per step; `null`: as large as the policy says. */
  readonly largestStep: Float64Array | null;
}

/** Only what is not finite is refused. */
export const noRules: ActionRules = { outside: "clamp", limits: null, largestStep: null };

/** Actions that may leave, and what was changed for that. */
export interface GuardedActions {
  readonly actions: ActionRows;
  /** By dof, steps that were outside its limits. */
  readonly clamped: readonly number[];
  /** By dof, steps that were too large. */
  readonly slowed: readonly number[];
}

/**
 * A chunk as it may leave: finite, within its limits, and in steps that are small enough, the first of them from where the robot is.
 *
 * Steps come last: a robot that stands outside its limits comes back in small steps as well.
 *
 * @param state of the observation that the chunk answers; a dof that names an entry of it starts there
 * @throws Refusal of the first action that is not finite or, where the rules refuse, outside its limits
 */
export function guarded(
  actions: ActionRows,
  state: readonly number[] | Float64Array,
  { robot, rules }: { readonly robot: ServedRobot; readonly rules: ActionRules },
): GuardedActions {
  const { dofs } = robot.embodiment;
  const none = dofs.map(() => 0);
  refuseNonFinite(actions, robot);
  if (rules.limits !== null && rules.outside === "refuse") refuseOutside(actions, robot, rules.limits);
  const within = rules.limits === null ? { actions, outside: none } : limited(actions, rules.limits);
  if (rules.largestStep === null) return { actions: within.actions, clamped: within.outside, slowed: none };
  const from = dofs.map((dof) => (dof.state === null ? null : (state[dof.state] ?? null)));
  const slow = slowed(within.actions, from, rules.largestStep);
  return { actions: slow.actions, clamped: within.outside, slowed: slow.slowed };
}

function refuseNonFinite(actions: ActionRows, { name, embodiment }: ServedRobot): void {
  const found = firstNonFinite(actions);
  if (found === null) return;
  const { step, dof } = found;
  throw new Refusal(
    "not-finite",
    `actions: expected finite numbers for ${name}, got ${actions[step]![dof]} for "${embodiment.dofs[dof]!.name}" at step ${step}`,
  );
}

function refuseOutside(actions: ActionRows, { name, embodiment }: ServedRobot, limits: Range): void {
  const found = firstOutside(actions, limits);
  if (found === null) return;
  const { step, dof } = found;
  throw new Refusal(
    "limit",
    `actions: expected "${embodiment.dofs[dof]!.name}" of ${name} from ${limits.low[dof]} to ${limits.high[dof]}, got ${actions[step]![dof]} at step ${step}; ` +
      "move the robot back to where its data are, or serve with --limits clamp",
  );
}
