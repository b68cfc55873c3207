import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";
import { RequestRefused } from "./refused.ts";

/**
 * What a browser may do with any answer: run and show what comes from this server, and nothing else. No header gives another
 * origin leave to read it.
 */
export const securityHeaders = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self'; " +
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;

/**
 * The same for the script that simulates robots, which runs beside the page and has no document: it compiles WebAssembly, and MuJoCo's
 * bindings make functions from texts of their own.
 */
export const workerHeaders = {
  ...securityHeaders,
  "content-security-policy": "default-src 'none'; script-src 'self' 'unsafe-eval'; connect-src 'self'",
} as const;

/** What of a request says whether it is answered at all. */
export interface AccessRequest {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** Where a server listens, and what this machine is called. */
export interface ServedPlace {
  readonly host: string;
  readonly machine: string;
}

/**
 * Refuses what would change something, and what comes from a page of another origin.
 *
 * The name in `Host` is checked, as a page elsewhere may give its own name the address of this machine (DNS rebinding).
 *
 * @throws RequestRefused
 */
export function checkAccess({ method, headers }: AccessRequest, place: ServedPlace): void {
  if (method !== "GET" && method !== "HEAD")
    throw new RequestRefused(405, `expected GET or HEAD, got ${method}; the dashboard only reads`);
  const { host } = headers;
  if (host === undefined || !isOwnName(nameIn(host), place))
    throw new RequestRefused(
      421,
      `expected a request to ${namesOf(place)}, got one to ${JSON.stringify(host ?? "nobody")}`,
    );
  const { origin } = headers;
  const isForeign = origin !== undefined && origin !== `http://${host}`;
  if (isForeign || (isCrossSite(headers["sec-fetch-site"]) && headers["sec-fetch-mode"] !== "navigate"))
    throw new RequestRefused(403, "expected a request of the dashboard's own page, got one of another origin");
}

/** Whether only this machine reaches an address. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function isOwnName(name: string, { host, machine }: ServedPlace): boolean {
  if (isLoopback(name)) return true;
  if (isLoopback(host)) return false;
  // An address cannot be rebound: only a name can.
  return isIP(name) !== 0 || name === host.toLowerCase() || name === machine.toLowerCase();
}

function namesOf({ host }: ServedPlace): string {
  return isLoopback(host) ? "localhost or 127.0.0.1" : `an address or name of this machine`;
}

/** `localhost` of `localhost:7007`, `::1` of `[::1]:7007`; empty where it is no host. */
function nameIn(host: string): string {
  const found = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+))(?::\d{1,5})?$/i.exec(host);
  return (found?.[1] ?? found?.[2] ?? "").toLowerCase();
}

/** Browsers say it of every request; programs do not, and are not led by a page. */
function isCrossSite(site: string | string[] | undefined): boolean {
  return site === "cross-site" || site === "same-site";
}
