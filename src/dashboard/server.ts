import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import { hostname } from "node:os";
import { InputError } from "../input-error.ts";
import { listening, slowestHeadMs } from "../serving/protocol/listener.ts";
import { checkAccess, type ServedPlace, securityHeaders, workerHeaders } from "./access.ts";
import type { ApiAnswer, Endpoint, SentEvent } from "./api/endpoint.ts";
import { matchPath } from "./api/endpoint.ts";
import { endpoints } from "./api/endpoints.ts";
import { openedIn } from "./api/opened.ts";
import { type Asset, indexAddress, isNamedByContent, isView, isWorker } from "./asset.ts";
import { RequestRefused } from "./refused.ts";
import type { SourceFolders } from "./source.ts";

/** What a dashboard shows, and where. */
export interface DashboardOptions {
  readonly sources: SourceFolders;
  /** The built page. */
  readonly assets: ReadonlyMap<string, Asset>;
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** Told of faults of the program. */
  readonly failed: (error: unknown) => void;
}

/** A dashboard that answers. */
export interface RunningDashboard {
  readonly url: string;
  close(): Promise<void>;
}

/** @throws InputError where the port is in use */
export async function startDashboard(options: DashboardOptions): Promise<RunningDashboard> {
  const { host, port } = options;
  const server = createServer({ headersTimeout: slowestHeadMs, requestTimeout: slowestHeadMs }, (request, response) => {
    answer(options, request, response).catch((error: unknown) => refuse(response, error, options));
  });
  await listening(server, { host, port, option: "--port" });
  return { url: `http://${inAddress(host)}:${portOf(server)}`, close: () => closed(server, options) };
}

async function answer(options: DashboardOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const place: ServedPlace = { host: options.host, machine: hostname() };
  checkAccess({ method: request.method, headers: request.headers }, place);
  // Parsed by hand: `new URL` would resolve "..", and what is asked for has to be what is checked.
  const [address = "/", query = ""] = (request.url ?? "/").split("?", 2);
  if (address === "/api" || address.startsWith("/api/")) {
    const found = await answerApi(options.sources, { address, query, response });
    return await send(response, found, request.method === "HEAD");
  }
  const asset = options.assets.get(isView(address) ? indexAddress : address);
  if (asset === undefined) throw new RequestRefused(404, `expected a view or a file of the page, got ${address}`);
  // Names of built files hold a digest of their content; the page that names them is asked for each time.
  const kept = isNamedByContent(address) ? "public, max-age=31536000, immutable" : "no-cache";
  const security = isWorker(address) ? workerHeaders : securityHeaders;
  const bytes = request.method === "HEAD" ? undefined : await asset.bytes();
  response.writeHead(200, { ...security, "content-type": asset.type, "cache-control": kept });
  response.end(bytes);
}

interface Question {
  readonly address: string;
  readonly query: string;
  readonly response: ServerResponse;
}

async function answerApi(sources: SourceFolders, { address, query, response }: Question): Promise<ApiAnswer> {
  if (address === "/api") return { kind: "json", value: { addresses: endpoints.map(described) } };
  for (const endpoint of endpoints) {
    const parameters = matchPath(endpoint.path, address);
    if (parameters === null) continue;
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const parameter = (name: string) => {
      const value = parameters.get(name);
      if (value === undefined) throw new RangeError(`${endpoint.path}: expected a part :${name}, got none`);
      return value;
    };
    return await endpoint.answer({ sources, parameter, query: new URLSearchParams(query), gone: gone.signal });
  }
  throw new RequestRefused(404, `expected an address that /api lists, got ${address}`);
}

function described({ path, summary }: Endpoint) {
  return { path, summary };
}

async function send(response: ServerResponse, found: ApiAnswer, isHead: boolean): Promise<void> {
  const common = { ...securityHeaders, "cache-control": "no-store" };
  switch (found.kind) {
    case "json":
      response.writeHead(200, { ...common, "content-type": "application/json; charset=utf-8" });
      response.end(isHead ? undefined : JSON.stringify(found.value));
      return;
    case "bytes":
      response.writeHead(200, { ...common, "content-type": found.type });
      response.end(isHead ? undefined : found.bytes);
      return;
    case "events":
      response.writeHead(200, { ...common, "content-type": "text/event-stream; charset=utf-8" });
      if (!isHead) for await (const event of found.events) await write(response, event);
      response.end();
  }
}

/** Waits where whoever listens is slow, so that nothing heaps up. */
function write(response: ServerResponse, { name, value }: SentEvent): Promise<void> {
  return new Promise((resolve) => {
    const isTaken = response.write(`event: ${name}\ndata: ${JSON.stringify(value)}\n\n`);
    if (isTaken || response.destroyed) return resolve();
    const done = () => {
      response.off("drain", done).off("close", done);
      resolve();
    };
    response.on("drain", done).on("close", done);
  });
}

function refuse(response: ServerResponse, error: unknown, { failed }: DashboardOptions): void {
  const status = error instanceof RequestRefused ? error.status : error instanceof InputError ? 422 : 500;
  if (status === 500) failed(error);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const message = status === 500 || !(error instanceof Error) ? "a fault of the program; see its log" : error.message;
  const allow = status === 405 ? { allow: "GET, HEAD" } : {};
  response.writeHead(status, { ...securityHeaders, ...allow, "content-type": "application/json; charset=utf-8" });
  response.end(JSON.stringify({ error: message }));
}

function inAddress(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new RangeError(`expected a port, got ${address}`);
  return address.port;
}

async function closed(server: Server, { sources }: DashboardOptions): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
  await openedIn(sources).close();
}
