import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import { InputError } from "../../input-error.ts";
import type { ActionChunk, ActionRequest } from "../action.ts";
import type { LoadedPolicy } from "../policy.ts";
import { Batcher } from "./batcher.ts";
import { callerOf } from "./caller.ts";
import { Connection, tryLater } from "./connection.ts";
import { answerHttp } from "./http.ts";
import { listener, listening } from "./listener.ts";
import { ServerMetrics } from "./metrics.ts";
import type { ServerOptions } from "./options.ts";
import { CallerRates } from "./token-bucket.ts";

/** A server that is listening. */
export interface RunningServer {
  readonly address: AddressInfo;
  /** Takes no new connection, answers what has been asked, and closes. */
  stop(): Promise<void>;
}

/**
 * A server that openpi's clients speak to: metadata first, then an answer for each observation of a connection, in order.
 *
 * @source openpi `serving/websocket_policy_server.py`
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host, port, limits, log } = options;
  const metrics = new ServerMetrics(options.policy.robots, options.recorder);
  const http = listener(options.tls, (request, response) => answerHttp(request, response, { ...options, metrics }));
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: limits.messageBytes });
  const batcher = counting(options.policy, metrics);
  const rates = new CallerRates(limits.perSecond);
  const open = new Set<Connection>();
  let count = 0;
  http.on("upgrade", (request, socket, head) => {
    const caller = callerOf(request, options.apiKeys);
    if (caller === null) {
      metrics.refused("key");
      socket.end("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      if (open.size >= limits.connections) {
        metrics.refused("connections");
        client.close(tryLater, `at most ${limits.connections} connections`);
        return;
      }
      const mayAsk = () => rates.take(caller, options.now());
      const connection = new Connection(client, request, { ...options, batcher, metrics, number: count++, mayAsk });
      open.add(connection);
      metrics.sessions(1);
      client.on("close", () => {
        open.delete(connection);
        metrics.sessions(-1);
      });
    });
  });
  await listening(http, host, port);
  const address = http.address();
  if (address === null || typeof address === "string") throw new InputError(`serve: expected a port of ${host}`);
  const scheme = options.tls === null ? "ws" : "wss";
  log(`listening on ${scheme}://${address.address}:${address.port}`, { event: "listening" });
  return {
    address,
    stop: async () => {
      http.close();
      await Promise.all([...open].map((connection) => connection.end()));
      sockets.close();
    },
  };
}

/** Whose calls are counted by how many questions they answer. */
function counting(policy: LoadedPolicy, metrics: ServerMetrics): Batcher<ActionRequest, ActionChunk> {
  return new Batcher({
    rows: policy.rows,
    act(questions: readonly ActionRequest[]): Promise<readonly ActionChunk[]> {
      metrics.batch(questions.length);
      return policy.act(questions);
    },
  });
}
