import { InputError } from "../src/input-error.ts";
import type { Message, MessageValue, NumberArray } from "./message.ts";
import type { PolicyMetadata } from "./metadata.ts";

/** A camera's picture: red, green and blue of each pixel, row by row. */
export interface CameraPicture {
  readonly height: number;
  readonly width: number;
  /** `[height width 3]` */
  readonly pixels: Uint8Array;
}

/** Numbers in a row. */
export type Numbers = readonly number[] | Float32Array | Float64Array;

/** What a robot perceives, and what it is to do. */
export interface Observation {
  /** In the robot's own units and order; by key where the server reads the state in several parts. */
  readonly state: Numbers | Readonly<Record<string, Numbers>>;
  /** By key, or by the last part of a key: `base` for `observation/images/base`; `null` where the camera gave none. */
  readonly pictures: Readonly<Record<string, CameraPicture | null>>;
  /** The instruction. */
  readonly prompt: string;
  /** At an episode's first observation: history and noise begin anew. */
  readonly reset?: boolean;
  /** When it was made, in seconds since 1970. */
  readonly time?: number;
}

/** What a robot does while it waits for an answer: what `serve --chunking` has the next chunk go on from. */
export interface Course {
  /** Steps of the last chunk that it has carried out. */
  readonly carriedOut: number;
  /** Steps that it carries out from now on until it goes over to the answer. */
  readonly delay: number;
}

/** What an observation is sent for: actions, which may go on from the chunk before, or only to be seen. */
export type Purpose = { readonly acts: true; readonly course: Course | null } | { readonly acts: false };

/**
 * An observation as a server's policy reads it.
 *
 * @throws InputError naming a part of the state or a picture that is missing, or that the policy does not read
 */
export function encodeObservation(observation: Observation, metadata: PolicyMetadata, purpose: Purpose): Message {
  const { prompt, reset, time } = observation;
  return new Map<string, MessageValue>([
    ...stateEntries(observation.state, metadata.stateKeys),
    ...pictureEntries(observation.pictures, metadata.pictureKeys),
    ["prompt", prompt],
    ...(reset === undefined ? [] : [["reset", reset] as const]),
    ...(time === undefined ? [] : [["time", time] as const]),
    ...purposeEntries(purpose),
  ]);
}

function purposeEntries(purpose: Purpose): [string, MessageValue][] {
  if (!purpose.acts) return [["act", false]];
  if (purpose.course === null) return [];
  const { carriedOut, delay } = purpose.course;
  return [
    ["carried_out", carriedOut],
    ["delay", delay],
  ];
}

function stateEntries(state: Observation["state"], keys: readonly string[]): [string, NumberArray][] {
  const parts = isNumbers(state) ? { [keys.length === 1 ? keys[0]! : "state"]: state } : state;
  refuseOthers("state", Object.keys(parts), keys);
  return keys.map((key) => [key, float64Array(parts[key]!)]);
}

function isNumbers(state: Observation["state"]): state is Numbers {
  return Array.isArray(state) || ArrayBuffer.isView(state);
}

function pictureEntries(pictures: Observation["pictures"], keys: readonly string[]): [string, NumberArray | null][] {
  const names = Object.keys(pictures).map((name) => keys.find((key) => key.endsWith(`/${name}`)) ?? name);
  refuseOthers("pictures", names, keys);
  const byKey = new Map(Object.values(pictures).map((picture, at) => [names[at]!, picture]));
  return keys.map((key) => [key, pictureArray(key, byKey.get(key) ?? null)]);
}

function refuseOthers(where: string, given: readonly string[], expected: readonly string[]): void {
  const isSame = given.length === expected.length && expected.every((key) => given.includes(key));
  if (!isSame)
    throw new InputError(
      `${where}: expected ${expected.join(", ") || "none"}, got ${given.join(", ") || "none"}; give null for a camera without a picture`,
    );
}

function float64Array(values: Numbers): NumberArray {
  return { dtype: "<f8", shape: [values.length], bytes: new Uint8Array(Float64Array.from(values).buffer) };
}

function pictureArray(key: string, picture: CameraPicture | null): NumberArray | null {
  if (picture === null) return null;
  const { height, width, pixels } = picture;
  if (pixels.length !== height * width * 3)
    throw new InputError(
      `${key}: expected ${height * width * 3} bytes of [${height} ${width} 3], got ${pixels.length}`,
    );
  return { dtype: "|u1", shape: [height, width, 3], bytes: pixels };
}
