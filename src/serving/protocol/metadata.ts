import type { Message, MessageValue } from "../../../client/message.ts";
import type { LoadedPolicy } from "../policy.ts";
import type { ServedRobot } from "../robot.ts";
import type { ObservationKeys } from "./keys.ts";

/** What a client is told first: the policy, its robot, and where messages hold what. */
export function metadataOf(policy: LoadedPolicy, robot: ServedRobot, keys: ObservationKeys): Message {
  const { embodiment } = robot;
  return new Map<string, MessageValue>([
    ["policy", policy.recipe.policy.variant],
    ["step", policy.step],
    ["robot", embodiment.robotType],
    ["dataset", robot.dataset],
    ["control_mode", embodiment.controlMode],
    ["action_steps", policy.steps],
    ["steps_per_second", robot.stepsPerSecond],
    ["action_names", embodiment.dofs.map(({ name }) => name)],
    ["state_names", embodiment.states.map(({ name }) => name)],
    ["state_keys", [...keys.state]],
    ["picture_keys", Object.values(keys.pictures)],
  ]);
}
