import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { InputError } from "../../input-error.ts";

/** A certificate and its private key, in PEM. */
export interface Tls {
  readonly cert: string;
  readonly key: string;
}

/** In which a client has to have sent the head of its request: whoever is slower holds no place. */
const slowestHeadMs = 10_000;

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

/** Listens. @throws InputError where the port is in use */
export function listening(http: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "EADDRINUSE"
          ? new InputError(`--port: expected a free port of ${host}, got ${port}, which is in use`)
          : error,
      ),
    );
    http.listen(port, host, resolve);
  });
}
