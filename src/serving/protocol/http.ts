import type { IncomingMessage, ServerResponse } from "node:http";
import { callerOf } from "./caller.ts";
import type { ServerMetrics } from "./metrics.ts";
import { prometheusType } from "./prometheus.ts";

/** Answers what is no WebSocket: whether the server is well, to everyone, and what it has done, to who has a key. */
export function answerHttp(
  request: IncomingMessage,
  response: ServerResponse,
  { metrics, apiKeys }: { readonly metrics: ServerMetrics; readonly apiKeys: readonly string[] | null },
): void {
  const page = request.method === "GET" ? request.url : null;
  if (page === "/healthz") say(response, 200, "OK\n");
  else if (page !== "/metrics") say(response, 404, "not found\n");
  else if (callerOf(request, apiKeys) === null) say(response, 401, "expected a key\n");
  else say(response, 200, metrics.text());
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": prometheusType });
  response.end(text);
}
