import { InputError } from "../src/input-error.ts";
import { float32Array, numbersOf } from "./array.ts";
import { isNumberArray, type Message, type MessageValue } from "./message.ts";

/** What a server answers an observation with. */
export interface Reply {
  /** `[steps dofs]` in the robot's own units. */
  readonly actions: readonly (readonly number[])[];
  /** Actions that were moved within the limits of their dof. */
  readonly clamped: number;
  /** Actions that were moved within the largest step of their dof. */
  readonly slowed: number;
  /** Milliseconds by which the answer was later than its deadline; 0 is in time. */
  readonly lateMs: number;
  /** Of a policy that says its actions: the steps that the answer said; `null` of others. */
  readonly saidSteps: number | null;
  /** Milliseconds that the policy took. */
  readonly policyMs: number;
  /** Milliseconds from the frame that asked to the answer. */
  readonly serverMs: number;
  /** Milliseconds from frame to frame of the answer before; `null`: there was none. */
  readonly previousMs: number | null;
}

/** As openpi's clients read it, with what they pass over beside it. */
export function encodeReply(reply: Reply): Message {
  const { actions, clamped, slowed, lateMs, saidSteps, policyMs, serverMs, previousMs } = reply;
  const timing = new Map([["infer_ms", serverMs]]);
  if (previousMs !== null) timing.set("prev_total_ms", previousMs);
  return new Map<string, MessageValue>([
    ["actions", float32Array(actions)],
    ["clamped", clamped],
    ["slowed", slowed],
    ["late_ms", lateMs],
    ...(saidSteps === null ? [] : [["said_steps", saidSteps] as const]),
    ["policy_timing", new Map([["infer_ms", policyMs]])],
    ["server_timing", timing],
  ]);
}

/** @throws InputError where it has no actions, or numbers that are none */
export function decodeReply(message: Message): Reply {
  const timing = mapAt(message, "server_timing");
  return {
    actions: actionsOf(message),
    clamped: numberAt(message, "clamped"),
    slowed: numberAt(message, "slowed"),
    lateMs: numberAt(message, "late_ms"),
    saidSteps: message.has("said_steps") ? numberAt(message, "said_steps") : null,
    policyMs: numberAt(mapAt(message, "policy_timing"), "infer_ms"),
    serverMs: numberAt(timing, "infer_ms"),
    previousMs: timing.has("prev_total_ms") ? numberAt(timing, "prev_total_ms") : null,
  };
}

/** What a server answers a frame with that is only seen. @throws InputError where it answers something else */
export function decodeSeen(message: Message): object {
  if (message.get("seen") !== true) throw new InputError('reply, "seen": expected true, got something else');
  return {};
}

function actionsOf(message: Message): number[][] {
  const found = message.get("actions");
  const [steps, dofs] = isNumberArray(found) ? found.shape : [];
  if (!isNumberArray(found) || steps === undefined || dofs === undefined || found.shape.length !== 2)
    throw new InputError('reply, "actions": expected an array [steps dofs], got something else');
  const cells = numbersOf("actions", found);
  return Array.from({ length: steps }, (_, step) => [...cells.subarray(step * dofs, (step + 1) * dofs)]);
}

function numberAt(message: Message, name: string): number {
  const value = message.get(name);
  if (typeof value !== "number") throw new InputError(`reply, "${name}": expected a number, got something else`);
  return value;
}

function mapAt(message: Message, name: string): Message {
  const value = message.get(name);
  if (!(value instanceof Map)) throw new InputError(`reply, "${name}": expected a map, got something else`);
  return value;
}
