import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Server as SocketServer } from "node:net";
import { InputError } from "../../input-error.ts";

/** A certificate and its private key, in PEM. */
export interface Tls {
  readonly cert: string;
  readonly key: string;
}

/** In which a client has to have sent the head of its request: whoever is slower holds no place. */
export const slowestHeadMs = 10_000;

/**
 * What takes connections, encrypted where there is a certificate.
 *
 * @throws InputError where certificate and key are none, or not of each other
 */
export function listener(tls: Tls | null, answer: RequestListener): Server {
  const times = { headersTimeout: slowestHeadMs, requestTimeout: slowestHeadMs, connectionsCheckingInterval: 1000 };
  if (tls === null) return createServer(times, answer);
  try {
    return createTlsServer({ ...times, ...tls, minVersion: "TLSv1.2" }, answer);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new InputError(`--tls-cert, --tls-key: expected a certificate in PEM and its private key, got ${why}`);
  }
}

/** Where a server listens, and the option that says its port. */
export interface ListeningPlace {
  readonly host: string;
  readonly port: number;
  readonly option: string;
}

/** Listens. @throws InputError where that is not possible, as on a port in use or at an address of another machine */
export function listening(server: SocketServer, { host, port, option }: ListeningPlace): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        new InputError(
          error.code === "EADDRINUSE"
            ? `${option}: expected a free port of ${host}, got ${port}, which is in use`
            : `--host, ${option}: expected an address and a port of this machine to listen on, got ${error.message}`,
        ),
      ),
    );
    server.listen(port, host, resolve);
  });
}
