import { InputError } from "../../input-error.ts";
import { knownNames, observationName, policyConfigName } from "./known-name.ts";
import { type Pickled, type PickledMap, PickledObject, readPickle } from "./pickle.ts";

/** An observation as LeRobot's client sends it. */
export interface SentObservation {
  /** When it was made, in seconds since 1970 by the robot's clock. */
  readonly timestamp: number;
  /** Number of the last action that the robot has carried out, from 0. */
  readonly timestep: number;
  /** By the robot's names of motors and cameras, and `task`. */
  readonly values: PickledMap;
  /** Whether the robot has nothing left to do. */
  readonly mustGo: boolean;
}

/** What LeRobot's client wants to be answered with. */
export interface SentConfig {
  readonly policyType: string;
  readonly path: string;
  /** Features of its observations, as a dataset of the robot would have them. */
  readonly features: PickledMap;
  readonly actionsPerChunk: number;
  /** By the robot's key of a feature, the key that the policy knows it by. */
  readonly renamed: ReadonlyMap<string, string>;
}

/** Steps up to which actions are counted in 32 bits: two years at 30 a second. */
const mostTimesteps = 2 ** 31 - 2 ** 16;

/** @throws InputError where the bytes are no pickle of a `TimedObservation` */
export function readObservation(bytes: Uint8Array): SentObservation {
  const fields = fieldsOf(bytes, observationName, ["timestamp", "timestep", "observation", "must_go"]);
  const [timestamp, timestep, values, mustGo] = fields;
  if (typeof timestamp !== "number" || !Number.isFinite(timestamp)) throw wrong("timestamp", "a number of seconds");
  if (typeof timestep !== "number" || !Number.isInteger(timestep) || timestep < 0 || timestep > mostTimesteps)
    throw wrong("timestep", `a whole number from 0 to ${mostTimesteps}`);
  if (!(values instanceof Map)) throw wrong("observation", "a dict of values by name");
  if (typeof mustGo !== "boolean") throw wrong("must_go", "true or false");
  return { timestamp, timestep, values, mustGo };
}

/** @throws InputError where the bytes are no pickle of a `RemotePolicyConfig` */
export function readConfig(bytes: Uint8Array): SentConfig {
  const names = [
    "policy_type",
    "pretrained_name_or_path",
    "lerobot_features",
    "actions_per_chunk",
    "device",
    "rename_map",
  ];
  const [policyType, path, features, actionsPerChunk, device, renames] = fieldsOf(bytes, policyConfigName, names);
  if (typeof policyType !== "string") throw wrong("policy_type", "a text");
  if (typeof path !== "string") throw wrong("pretrained_name_or_path", "a text");
  if (!(features instanceof Map)) throw wrong("lerobot_features", "a dict of features by key");
  if (typeof actionsPerChunk !== "number" || !Number.isInteger(actionsPerChunk) || actionsPerChunk < 1)
    throw wrong("actions_per_chunk", "a whole number from 1");
  if (typeof device !== "string") throw wrong("device", "a text");
  if (!(renames instanceof Map)) throw wrong("rename_map", "a dict of keys");
  const renamed = [...renames].map(([from, to]): [string, string] => {
    if (typeof to !== "string") throw wrong("rename_map", "a dict of keys");
    return [from, to];
  });
  return { policyType, path, features, actionsPerChunk, renamed: new Map(renamed) };
}

/** The fields of a dataclass, in the order asked for. @throws InputError where it is another, or has other fields */
function fieldsOf(bytes: Uint8Array, name: string, fields: readonly string[]): (Pickled | undefined)[] {
  const value = readPickle(bytes, knownNames);
  const state = value instanceof PickledObject && value.name === name ? value.state : undefined;
  if (!(state instanceof Map)) throw new InputError(`pickle: expected a ${name}, got something else`);
  const stranger = [...state.keys()].find((key) => !fields.includes(key));
  if (stranger !== undefined)
    throw new InputError(`pickle: expected ${name} with ${fields.join(", ")}, got "${stranger}" as well`);
  return fields.map((field) => state.get(field));
}

function wrong(field: string, expected: string): InputError {
  return new InputError(`"${field}": expected ${expected}, got something else`);
}
