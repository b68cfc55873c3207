import type { AddressInfo } from "node:net";
import { InputError } from "../../input-error.ts";
import type { RunningLerobotServer } from "../lerobot/server.ts";
import { Clients } from "./clients.ts";
import { answerHttp } from "./http.ts";
import { listener, listening } from "./listener.ts";
import type { ServerOptions } from "./options.ts";
import { type Shared, sharedOf } from "./shared.ts";
import { warmUp } from "./warm-up.ts";

/** A server that is listening. */
export interface RunningServer {
  readonly address: AddressInfo;
  /** Where LeRobot's clients are served; `null` where they are not. */
  readonly lerobotAddress: AddressInfo | null;
  /** Takes no new connection, answers what has been asked, and closes. */
  stop(): Promise<void>;
}

/**
 * A server that openpi's clients speak to: metadata first, then an answer for each observation of a connection, in order. Its policy has
 * computed before it listens, so that the first robot waits no longer than others.
 *
 * @source openpi `serving/websocket_policy_server.py`
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host, port, log } = options;
  const shared = sharedOf(options);
  const { metrics } = shared;
  const http = listener(options.tls, (request, response) => answerHttp(request, response, { ...options, metrics }));
  const clients = new Clients(http, shared);
  await warmUp(options);
  await listening(http, { host, port, option: "--port" });
  const address = http.address();
  if (address === null || typeof address === "string") throw new InputError(`serve: expected a port of ${host}`);
  const scheme = options.tls === null ? "ws" : "wss";
  log(`listening on ${scheme}://${address.address}:${address.port}`, { event: "listening" });
  const lerobot = await lerobotServer(shared, () => http.close());
  return {
    address,
    lerobotAddress: lerobot?.address ?? null,
    stop: async () => {
      http.close();
      await Promise.all([lerobot?.stop(), clients.end()]);
    },
  };
}

/** What serves LeRobot's clients, loaded only where it is asked for. @param undo what was begun before, where it cannot listen */
async function lerobotServer(shared: Shared, undo: () => void): Promise<RunningLerobotServer | null> {
  if (shared.lerobot === undefined) return null;
  try {
    const { startLerobotServer } = await import("../lerobot/server.ts");
    return await startLerobotServer(shared, shared.lerobot);
  } catch (error) {
    undo();
    throw error;
  }
}
