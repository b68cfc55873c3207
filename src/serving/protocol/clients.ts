import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { callerOf } from "./caller.ts";
import { Connection, tryLater } from "./connection.ts";
import type { Shared } from "./shared.ts";
import { tidying } from "./tidy.ts";

/** Clients that come to an HTTP server by WebSocket: those who have a key, as many as there are places for. */
export class Clients {
  readonly #shared: Shared;
  readonly #sockets: WebSocketServer;
  readonly #open = new Set<Connection>();
  readonly #left = tidying();

  constructor(http: Server, shared: Shared) {
    this.#shared = shared;
    const maxPayload = shared.limits.messageBytes;
    this.#sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload });
    http.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** Answers what has been asked, and closes. */
  async end(): Promise<void> {
    await Promise.all([...this.#open].map((connection) => connection.end()));
    this.#sockets.close();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { metrics, places, asking, limits, apiKeys } = this.#shared;
    const caller = callerOf(request, apiKeys);
    if (caller === null) {
      metrics.refused("key");
      turnAway(socket);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (client) => {
      const number = places.take();
      if (number === null) {
        client.on("error", () => client.terminate());
        client.close(tryLater, `at most ${limits.connections} connections`);
        return;
      }
      const connection = new Connection(client, request, { ...this.#shared, number, caller });
      this.#open.add(connection);
      client.on("close", () => {
        this.#open.delete(connection);
        places.leave();
        asking.leaves(number);
        this.#left();
      });
    });
  }
}

/** What goes wrong with a connection that was taken over, nobody else hears; and it is kept no longer than it takes to say no. */
function turnAway(socket: Duplex): void {
  socket.on("error", () => {});
  socket.end("HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n", () => socket.destroy());
}
