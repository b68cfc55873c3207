import { float32Array, numbersOf } from "../../../client/array.ts";
import type { Message, MessageValue, NumberArray } from "../../../client/message.ts";
import { InputError } from "../../input-error.ts";
import { arrayOf } from "./array.ts";
import type { Pickled, PickledMap } from "./pickle.ts";
import type { SentConfig } from "./sent.ts";

/** Where the robot's state stands in a frame, as in datasets of LeRobot. */
export const stateKey = "observation.state";
/** Where its instruction stands. */
export const taskKey = "task";
const pictureStart = "observation.images.";

/** What a robot's observations consist of, as LeRobot's client says first. */
export interface RobotFeatures {
  /** Names of the numbers that are its state, in this order. */
  readonly stateNames: readonly string[];
  /** By the robot's name of a camera, the key of its pictures in a frame. */
  readonly pictureKeys: ReadonlyMap<string, string>;
}

/** @throws InputError where a feature is no state and no picture, or is described otherwise than LeRobot does it */
export function featuresOf({ features, renamed }: SentConfig): RobotFeatures {
  let stateNames: readonly string[] = [];
  const pictureKeys = new Map<string, string>();
  for (const [key, feature] of features) {
    const kind = feature instanceof Map ? feature.get("dtype") : undefined;
    if (key === stateKey && kind === "float32") stateNames = namesOf(feature);
    else if (key.startsWith(pictureStart) && (kind === "image" || kind === "video"))
      pictureKeys.set(key.slice(pictureStart.length), renamed.get(key) ?? key);
    else
      throw new InputError(
        `"lerobot_features": expected ${stateKey} as float32 and ${pictureStart}… as image, got "${key}" otherwise`,
      );
  }
  return { stateNames, pictureKeys };
}

/**
 * A frame of the robot as LeRobot's datasets have it: its state under one key, its pictures, its instruction.
 *
 * @throws InputError where a number or a camera of its features is missing
 * @source LeRobot `utils/feature_utils.py`, `build_dataset_frame`
 */
export function frameOf(values: PickledMap, { stateNames, pictureKeys }: RobotFeatures): Message {
  const known = [...stateNames, ...pictureKeys.keys(), taskKey];
  const stranger = [...values.keys()].find((key) => !known.includes(key));
  if (stranger !== undefined)
    throw new InputError(`"${stranger}": expected the robot's features ${known.join(", ")}, got this one`);
  const state = stateNames.map((name) => numberOf(name, values.get(name)));
  const pictures = [...pictureKeys].map(([camera, key]) => [key, pictureOf(camera, values.get(camera))] as const);
  const { dtype, bytes } = float32Array([state]);
  const task = values.get(taskKey);
  return new Map<string, MessageValue>([
    [stateKey, { dtype, shape: [state.length], bytes }],
    ...pictures,
    ...(typeof task === "string" ? [[taskKey, task] as const] : []),
  ]);
}

function namesOf(feature: Pickled | undefined): readonly string[] {
  const names = feature instanceof Map ? feature.get("names") : undefined;
  if (!Array.isArray(names) || !names.every((name) => typeof name === "string"))
    throw new InputError(`"lerobot_features": expected ${stateKey} with the names of its numbers, got none`);
  return names;
}

/** A float of Python, or a number of numpy or torch. */
function numberOf(name: string, value: Pickled | undefined): number {
  if (typeof value === "number") return value;
  const array = value === undefined ? null : arrayOf(`"${name}"`, value);
  if (array === null || array.shape.length > 0)
    throw new InputError(`"${name}": expected a number, got ${value === undefined ? "none" : "something else"}`);
  return numbersOf(`"${name}"`, array)[0]!;
}

function pictureOf(camera: string, value: Pickled | undefined): NumberArray {
  const array = value === undefined ? null : arrayOf(`"${camera}"`, value);
  if (array === null)
    throw new InputError(`"${camera}": expected a picture, got ${value === undefined ? "none" : "something else"}`);
  return array;
}
