import type { Message } from "../../../client/message.ts";
import { encodeMetadata } from "../../../client/metadata.ts";
import type { LoadedPolicy } from "../policy.ts";
import type { ServedRobot } from "../robot.ts";
import type { ObservationKeys } from "./keys.ts";

/** What a client is told first: the policy, its robot, and where messages hold what. */
export function metadataOf(policy: LoadedPolicy, robot: ServedRobot, keys: ObservationKeys): Message {
  const { embodiment } = robot;
  const { prompt } = embodiment.columns;
  return encodeMetadata({
    policy: policy.recipe.policy.variant,
    step: policy.step,
    robot: embodiment.robotType,
    dataset: robot.dataset,
    controlMode: embodiment.controlMode,
    actionSteps: policy.steps,
    stepsPerSecond: robot.stepsPerSecond,
    actionNames: embodiment.dofs.map(({ name }) => name),
    stateNames: embodiment.states.map(({ name }) => name),
    stateKeys: keys.state,
    pictureKeys: Object.values(keys.pictures),
    prompt: prompt.kind === "fixed" ? prompt.text : null,
    longestDelay: policy.chunking?.kind === "frozen" ? (policy.recipe.policy.maxDelay ?? 0) : null,
    weights: policy.weightKind,
  });
}
