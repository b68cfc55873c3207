import { InputError } from "../../input-error.ts";
import type { LoadedPolicy } from "../policy.ts";
import type { ObservationKeys } from "../protocol/keys.ts";
import type { ServedRobot } from "../robot.ts";
import { type RobotFeatures, stateKey, taskKey } from "./features.ts";

/** Where frames of LeRobot's clients hold what a robot perceives: under the keys of the dataset that it was recorded in. */
export function frameKeys({ embodiment }: ServedRobot): ObservationKeys {
  const cameras = embodiment.cameras.flatMap(({ view, key }) => (key === null ? [] : [[view, key] as const]));
  return { state: [stateKey], pictures: Object.fromEntries(cameras), prompt: taskKey };
}

/** Who asks, as the policy knows it. */
export interface ClientRobot {
  readonly robot: ServedRobot;
  readonly keys: ObservationKeys;
  /** What should be known of how it fits; `null`: nothing. */
  readonly note: string | null;
}

/**
 * The robot of a policy that a client's features are those of.
 *
 * @param robots those that the client may mean
 * @throws InputError saying what does not fit where none does, or naming those that fit where several do
 */
export function clientRobot(
  policy: Pick<LoadedPolicy, "robots">,
  robots: readonly ServedRobot[],
  features: RobotFeatures,
  keysOf: (robot: ServedRobot) => ObservationKeys,
): ClientRobot {
  const tried = robots.map((robot) => ({
    robot,
    keys: keysOf(robot),
    problem: misfit(robot, features, keysOf(robot)),
  }));
  const fitting = tried.filter(({ problem }) => problem === null);
  const [found] = fitting;
  if (found !== undefined && fitting.length === 1)
    return { robot: found.robot, keys: found.keys, note: noteOf(found.robot, features) };
  if (found === undefined)
    throw new InputError(tried.map(({ robot, problem }) => `${robot.name}: ${problem}`).join("; "));
  throw new InputError(
    `robot: expected one of ${policy.robots.map(({ name }) => name).join(", ")}, got features that fit ${fitting.length}; ` +
      'say which as the path of the policy: --pretrained_name_or_path="?dataset=NAME&controlMode=NAME"',
  );
}

function misfit(
  { embodiment: { states } }: ServedRobot,
  { stateNames, pictureKeys }: RobotFeatures,
  keys: ObservationKeys,
): string | null {
  const own = states.map(({ name }) => name);
  if (stateNames.length !== own.length)
    return `expected a state of ${own.length} entries (${own.join(", ")}), got ${stateNames.length} (${stateNames.join(", ")})`;
  const isShared = own.some((name) => stateNames.includes(name));
  const other = own.findIndex((name, at) => name !== stateNames[at]);
  if (isShared && other >= 0)
    return `expected the state ${own.join(", ")} in this order, got "${stateNames[other]}" in place of "${own[other]}"`;
  const [wanted, given] = [Object.values(keys.pictures), [...pictureKeys.values()]];
  if (wanted.length === given.length && wanted.every((key) => given.includes(key))) return null;
  return (
    `expected pictures of ${wanted.join(", ") || "no camera"}, got ${given.join(", ") || "none"}; name the robot's cameras so, ` +
    "or serve with --lerobot-keys"
  );
}

/** Names that have nothing in common are of a dataset that has none, or older ones: then the order counts, as LeRobot's own server takes it. */
function noteOf({ embodiment: { states } }: ServedRobot, { stateNames }: RobotFeatures): string | null {
  if (states.every(({ name }, at) => name === stateNames[at])) return null;
  const pairs = states.map(({ name }, at) => `${stateNames[at]} as ${name}`);
  return `the state is taken in its order: ${pairs.join(", ")}`;
}
