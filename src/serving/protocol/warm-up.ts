import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { WebSocket } from "ws";
import { encodeMessage, type MessageValue } from "../../../client/message.ts";
import { InputError } from "../../input-error.ts";
import type { ServedRobot } from "../robot.ts";
import { Clients } from "./clients.ts";
import type { ObservationKeys } from "./keys.ts";
import { listening } from "./listener.ts";
import type { ServerOptions } from "./options.ts";
import { sharedOf } from "./shared.ts";

/** By then JavaScript is compiled; they take a fifth of a second with three pictures. */
const frameCount = 100;
/** Of the pictures that openpi's robots send, in pixels. */
const pictureSide = 224;
/** Nothing of it is counted, recorded or logged, and no clock of the server is asked. */
const apart = {
  tls: null,
  staleMs: null,
  recorder: undefined,
  limits: { messageBytes: 1 << 24, connections: 1, waiting: 1, idleMs: 60_000, perSecond: null },
  now: () => performance.now(),
  clock: () => Date.now(),
  log: () => {},
};

/**
 * Has the policy compute, and a client within this process show it frames of its first robot: the first answers of a server take up to twice
 * as long as later ones, and no real robot should get those.
 *
 * @throws InputError with what the server says where it refuses such a frame
 */
export async function warmUp(options: ServerOptions): Promise<void> {
  await options.policy.warmUp();
  const [robot] = options.policy.robots;
  if (robot === undefined) return;
  const http = createServer();
  const key = randomUUID();
  const clients = new Clients(http, sharedOf({ ...options, ...apart, apiKeys: [key] }));
  try {
    await listening(http, { host: "127.0.0.1", port: 0, option: "warm-up" });
    const place = http.address();
    if (place !== null && typeof place !== "string")
      await showFrames({ port: place.port, key }, robot, options.keys(robot));
  } finally {
    await clients.end();
    http.close();
  }
}

interface Door {
  readonly port: number;
  /** Nobody else has it. */
  readonly key: string;
}

async function showFrames({ port, key }: Door, robot: ServedRobot, keys: ObservationKeys): Promise<void> {
  const { dataset, embodiment } = robot;
  const { robotType, controlMode, states } = embodiment;
  const address = `ws://127.0.0.1:${port}/?${new URLSearchParams({ dataset, robotType, controlMode })}`;
  const client = new WebSocket(address, { headers: { authorization: `Api-Key ${key}` } });
  // The metadata comes first.
  await answer(client);
  const frame = encodeMessage(frameOf(states.length, keys));
  for (let sent = 0; sent < frameCount; sent++) {
    client.send(frame);
    await answer(client);
  }
  client.close();
  await once(client, "close");
}

function answer(client: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    client.once("error", reject);
    client.once("message", (data, isBinary) => {
      client.removeListener("error", reject);
      if (isBinary) resolve();
      else reject(new InputError(String(data)));
    });
  });
}

/** A frame of zeros that asks for no actions. The state is laid end to end from its keys: the first of them holds all of it. */
function frameOf(width: number, { state, pictures, prompt }: ObservationKeys): Map<string, MessageValue> {
  const numbers = (count: number) => ({ dtype: "<f8", shape: [count], bytes: new Uint8Array(8 * count) });
  const shape = [pictureSide, pictureSide, 3];
  const picture = { dtype: "|u1", shape, bytes: new Uint8Array(pictureSide * pictureSide * 3) };
  return new Map<string, MessageValue>([
    ...state.map((key, at): [string, MessageValue] => [key, numbers(at === 0 ? width : 0)]),
    ...Object.values(pictures).map((key): [string, MessageValue] => [key, picture]),
    [prompt, "warm up"],
    ["act", false],
  ]);
}
