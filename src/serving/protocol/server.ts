import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import { InputError } from "../../input-error.ts";
import type { RunningLerobotServer } from "../lerobot/server.ts";
import { callerOf } from "./caller.ts";
import { Connection, tryLater } from "./connection.ts";
import { answerHttp } from "./http.ts";
import { listener, listening } from "./listener.ts";
import type { ServerOptions } from "./options.ts";
import { type Shared, sharedOf } from "./shared.ts";
import { tidying } from "./tidy.ts";

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
  const { host, port, limits, log } = options;
  const shared = sharedOf(options);
  const { metrics, places } = shared;
  const http = listener(options.tls, (request, response) => answerHttp(request, response, { ...options, metrics }));
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: limits.messageBytes });
  const open = new Set<Connection>();
  const left = tidying();
  http.on("upgrade", (request, socket, head) => {
    const caller = callerOf(request, options.apiKeys);
    if (caller === null) {
      metrics.refused("key");
      socket.end("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      const number = places.take();
      if (number === null) {
        client.close(tryLater, `at most ${limits.connections} connections`);
        return;
      }
      const connection = new Connection(client, request, { ...shared, number, caller });
      open.add(connection);
      client.on("close", () => {
        open.delete(connection);
        places.leave();
        left();
      });
    });
  });
  await options.policy.warmUp();
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
      await Promise.all([lerobot?.stop(), ...[...open].map((connection) => connection.end())]);
      sockets.close();
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
