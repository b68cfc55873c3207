import { z } from "zod";
import { numbersOf } from "../../../client/array.ts";
import { isNumberArray, type Message, type MessageValue, type NumberArray } from "../../../client/message.ts";
import type { RobotObservation } from "../../batch/observation.ts";
import type { Picture } from "../../dataset/dataset.ts";
import { InputError } from "../../input-error.ts";
import type { SaidContinuation } from "../continuation.ts";
import { picture } from "../picture.ts";
import type { ServedRobot } from "../robot.ts";

/** Where a client's messages hold what a robot perceives. A key of a map within the message is written `images/cam_high`. */
export const observationKeysSchema = z.strictObject({
  /** Keys of arrays that are the robot's state when they are laid end to end. */
  state: z.array(z.string().min(1)).min(1),
  /** Keys of pictures, by the policy's view. */
  pictures: z.record(z.string().min(1), z.string().min(1)),
  prompt: z.string().min(1),
});

export type ObservationKeys = Readonly<z.infer<typeof observationKeysSchema>>;

/**
 * Keys of the robots that openpi's clients are written for. Views are those of π0.
 *
 * @source openpi `policies/aloha_policy.py`, `droid_policy.py`, `libero_policy.py`
 */
export const readyKeys = {
  aloha: {
    state: ["state"],
    pictures: {
      base_0_rgb: "images/cam_high",
      left_wrist_0_rgb: "images/cam_left_wrist",
      right_wrist_0_rgb: "images/cam_right_wrist",
    },
    prompt: "prompt",
  },
  droid: {
    state: ["observation/joint_position", "observation/gripper_position"],
    pictures: {
      base_0_rgb: "observation/exterior_image_1_left",
      left_wrist_0_rgb: "observation/wrist_image_left",
    },
    prompt: "prompt",
  },
  libero: {
    state: ["observation/state"],
    pictures: { base_0_rgb: "observation/image", left_wrist_0_rgb: "observation/wrist_image" },
    prompt: "prompt",
  },
} as const satisfies Record<string, ObservationKeys>;

/** Keys for a policy of ours: `observation/state`, `observation/images/VIEW` and `prompt`. */
export function ownKeys({ embodiment }: ServedRobot): ObservationKeys {
  const views = embodiment.cameras.filter(({ key }) => key !== null).map(({ view }) => view);
  return {
    state: ["observation/state"],
    pictures: Object.fromEntries(views.map((view) => [view, `observation/images/${view}`])),
    prompt: "prompt",
  };
}

/** What a client asks with. */
export interface Asked {
  readonly observation: RobotObservation;
  /** A text, or its tokens. */
  readonly prompt: string | Int32Array;
  /** Whether it is the first of an episode: history and noise begin anew. */
  readonly begins: boolean;
  /** Whether actions are asked for; else it is a frame that is only seen. */
  readonly acts: boolean;
  /** What the client says of how it goes on. */
  readonly continuation: SaidContinuation;
  /** When the observation was made, in seconds since 1970; `null` where it does not say. */
  readonly time: number | null;
}

/**
 * What a message says of a robot.
 *
 * @throws InputError naming every key that is missing, of another kind, or that nobody reads
 */
export function askedBy(message: Message, keys: ObservationKeys, robot: ServedRobot): Asked {
  const views = robot.embodiment.cameras.filter(({ key }) => key !== null).map(({ view }) => view);
  refuseUnknown(message, keys);
  const state = keys.state.flatMap((key) => [...numbersOf(`"${key}"`, arrayAt(message, key))]);
  const prompt = promptOf(keys.prompt, at(message, keys.prompt));
  const pictures = Object.fromEntries(
    views.map((view): [string, Picture | null] => [view, pictureAt(message, keys.pictures[view] ?? null)]),
  );
  const [begins, acts] = [choiceAt(message, "reset", false), choiceAt(message, "act", true)];
  const continuation = { delay: stepsAt(message, "delay"), carriedOut: stepsAt(message, "carried_out") };
  const time = message.get("time") ?? null;
  if (time !== null && (typeof time !== "number" || !Number.isFinite(time)))
    throw new InputError(`"time": expected a number of seconds since 1970, got ${kindOf(time)}`);
  return { observation: { state, pictures }, prompt, begins, acts, continuation, time };
}

/** No policy reads more, and to make tokens of a text takes time that other robots wait for. */
const longestPrompt = 16_384;

/** Tokens are for weights that came without their tokenizer. */
function promptOf(key: string, value: MessageValue | undefined): string | Int32Array {
  if (typeof value === "string" && value.length > longestPrompt)
    throw new InputError(`"${key}": expected a text of at most ${longestPrompt} characters, got ${value.length}`);
  if (typeof value === "string") return value;
  const isWhole = isNumberArray(value) && /^[<|][iu]\d$/.test(value.dtype) && value.shape.length === 1;
  if (!isWhole)
    throw new InputError(`"${key}": expected a text, or its tokens as whole numbers [n], got ${kindOf(value)}`);
  return Int32Array.from(numbersOf(`"${key}"`, value));
}

function choiceAt(message: Message, key: (typeof controlKeys)[number], absent: boolean): boolean {
  const value = message.get(key) ?? absent;
  if (typeof value !== "boolean") throw new InputError(`"${key}": expected true or false, got ${kindOf(value)}`);
  return value;
}

/** `null` where it says nothing. */
function stepsAt(message: Message, key: (typeof controlKeys)[number]): number | null {
  const value = message.get(key) ?? null;
  if (value === null || (typeof value === "number" && Number.isInteger(value) && value >= 0)) return value;
  throw new InputError(`"${key}": expected a whole number of steps from 0, got ${kindOf(value)}`);
}

/** `null` where the client has no such camera, or says that it gave no picture. */
function pictureAt(message: Message, key: string | null): Picture | null {
  if (key === null) return null;
  const value = at(message, key);
  if (value === null) return null;
  if (!isNumberArray(value)) throw new InputError(`"${key}": expected a picture, or null, got ${kindOf(value)}`);
  return pictureOf(key, value);
}

/** Red, green and blue of each pixel, `[h w 3]` or `[3 h w]`, as bytes. */
function pictureOf(key: string, { dtype, shape, bytes }: NumberArray): Picture {
  const [first = 0, second = 0, third = 0] = shape;
  if (dtype !== "|u1" || shape.length !== 3 || (third !== 3 && first !== 3))
    throw new InputError(`"${key}": expected bytes [h w 3] or [3 h w], got [${shape.join(" ")}] ${dtype}`);
  if (third === 3) return picture(bytes, { height: first, width: second });
  if (bytes.length !== 3 * second * third)
    throw new InputError(`"${key}": expected ${3 * second * third} bytes of [${shape.join(" ")}], got ${bytes.length}`);
  const pixels = second * third;
  const turned = new Uint8Array(3 * pixels);
  for (let pixel = 0; pixel < pixels; pixel++)
    for (let channel = 0; channel < 3; channel++) turned[3 * pixel + channel] = bytes[channel * pixels + pixel]!;
  return picture(turned, { height: second, width: third });
}

function arrayAt(message: Message, key: string): NumberArray {
  const value = at(message, key);
  if (!isNumberArray(value)) throw new InputError(`"${key}": expected an array of numbers, got ${kindOf(value)}`);
  return value;
}

/** A value under its key, or under its way through maps within the message; `undefined` where there is none. */
function at(message: Message, key: string): MessageValue | undefined {
  if (message.has(key)) return message.get(key);
  const border = key.indexOf("/");
  if (border < 0) return undefined;
  const inner = message.get(key.slice(0, border));
  return inner instanceof Map ? at(inner, key.slice(border + 1)) : undefined;
}

/** A key that nobody reads is a camera that the policy does not see, or a misspelt name: both are told. */
function refuseUnknown(message: Message, keys: ObservationKeys): void {
  const known = [...keys.state, ...Object.values(keys.pictures), keys.prompt, ...controlKeys];
  const stranger = leavesOf(message).find((leaf) => !known.includes(leaf));
  if (stranger !== undefined)
    throw new InputError(
      `"${stranger}": expected the keys ${known.slice(0, -controlKeys.length).join(", ")}, got this one`,
    );
}

/** Keys of a message that steer a session. */
export const controlKeys = ["reset", "time", "act", "delay", "carried_out"] as const;

function leavesOf(message: Message): string[] {
  return [...message].flatMap(([name, value]) =>
    value instanceof Map ? leavesOf(value).map((inner) => `${name}/${inner}`) : [name],
  );
}

function kindOf(value: MessageValue | undefined): string {
  if (value === undefined) return "none";
  if (value === null) return "null";
  if (isNumberArray(value)) return `an array [${value.shape.join(" ")}] ${value.dtype}`;
  if (Array.isArray(value)) return "a list";
  if (value instanceof Uint8Array) return "bytes";
  return value instanceof Map ? "a map" : `a ${typeof value}`;
}
