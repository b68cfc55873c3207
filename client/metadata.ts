import { InputError } from "../src/input-error.ts";
import type { Message, MessageValue } from "./message.ts";

/** What a server tells a client first: the policy, the robot that the connection acts for, and where messages hold what. */
export interface PolicyMetadata {
  /** The variant, such as `pi05`. */
  readonly policy: string;
  /** Of training, after which these weights were. */
  readonly step: number;
  /** The type of the robot. */
  readonly robot: string;
  readonly dataset: string;
  readonly controlMode: string;
  /** Steps of a chunk of actions. */
  readonly actionSteps: number;
  readonly stepsPerSecond: number;
  /** By dof, in the order of actions. */
  readonly actionNames: readonly string[];
  readonly stateNames: readonly string[];
  /** Keys of the arrays that are the state when they are laid end to end. */
  readonly stateKeys: readonly string[];
  readonly pictureKeys: readonly string[];
  /** The instruction of a robot that was trained on one alone; `null`: each episode had its own. */
  readonly prompt: string | null;
  /** The most steps that an answer may take where chunks go on from those before them; `null`: those of a chunk. */
  readonly longestDelay: number | null;
  /** What the server holds the policy's weights as: "float32", or "int8". */
  readonly weights: string;
}

/** As openpi's clients read it. */
export function encodeMetadata(metadata: PolicyMetadata): Message {
  return new Map<string, MessageValue>([
    ["policy", metadata.policy],
    ["step", metadata.step],
    ["robot", metadata.robot],
    ["dataset", metadata.dataset],
    ["control_mode", metadata.controlMode],
    ["action_steps", metadata.actionSteps],
    ["steps_per_second", metadata.stepsPerSecond],
    ["action_names", metadata.actionNames],
    ["state_names", metadata.stateNames],
    ["state_keys", metadata.stateKeys],
    ["picture_keys", metadata.pictureKeys],
    ["prompt", metadata.prompt],
    ["longest_delay", metadata.longestDelay],
    ["weights", metadata.weights],
  ]);
}

/** @throws InputError where it lacks something: another server's metadata */
export function decodeMetadata(message: Message): PolicyMetadata {
  return {
    policy: text(message, "policy"),
    step: number(message, "step"),
    robot: text(message, "robot"),
    dataset: text(message, "dataset"),
    controlMode: text(message, "control_mode"),
    actionSteps: number(message, "action_steps"),
    stepsPerSecond: number(message, "steps_per_second"),
    actionNames: texts(message, "action_names"),
    stateNames: texts(message, "state_names"),
    stateKeys: texts(message, "state_keys"),
    pictureKeys: texts(message, "picture_keys"),
    prompt: message.get("prompt") === null ? null : text(message, "prompt"),
    // Servers did not always tell it.
    longestDelay: (message.get("longest_delay") ?? null) === null ? null : number(message, "longest_delay"),
    weights: message.has("weights") ? text(message, "weights") : "float32",
  };
}

function text(message: Message, name: string): string {
  const value = message.get(name);
  if (typeof value !== "string") throw lacking(name, "a text");
  return value;
}

function number(message: Message, name: string): number {
  const value = message.get(name);
  if (typeof value !== "number") throw lacking(name, "a number");
  return value;
}

function texts(message: Message, name: string): readonly string[] {
  const value = message.get(name);
  if (!Array.isArray(value)) throw lacking(name, "a list of texts");
  return value.map((each) => {
    if (typeof each !== "string") throw lacking(name, "a list of texts");
    return each;
  });
}

function lacking(name: string, kind: string): InputError {
  return new InputError(`metadata, "${name}": expected ${kind}, as \`armature serve\` tells it, got something else`);
}
