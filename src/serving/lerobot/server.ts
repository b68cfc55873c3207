import { type AddressInfo, createServer, type Socket } from "node:net";
import type { Metadata } from "@grpc/grpc-js";
import { InputError } from "../../input-error.ts";
import { optionalPackage } from "../../optional-package.ts";
import { callerBy } from "../protocol/caller.ts";
import { listening, slowestHeadMs } from "../protocol/listener.ts";
import type { LerobotOptions } from "../protocol/options.ts";
import type { Shared } from "../protocol/shared.ts";
import { Refusal, toldOf } from "../refusal.ts";
import { RobotLink } from "./robot-link.ts";
import { asyncInference, asyncInferenceService } from "./service.ts";

/** A server of LeRobot's clients that is listening. */
export interface RunningLerobotServer {
  readonly address: AddressInfo;
  /** Takes no new connection, answers what has been asked, and closes. */
  stop(): Promise<void>;
}

/** Beyond connections that may ask, so many may be told why they may not. */
const spareConnections = 8;
/** So much of a message may be on its way at once: a picture, so that far robots are not held up. */
const windowBytes = 2 ** 22;
/** A stopped server waits so long for the clients' side of a connection to close. */
const slowestCloseMs = 1000;

/**
 * A server that LeRobot's `RobotClient` speaks to, beside openpi's, with the same policy. Each connection is one robot.
 *
 * @source LeRobot 0.6.1 `async_inference/policy_server.py`, `transport/services.proto`
 */
export async function startLerobotServer(shared: Shared, options: LerobotOptions): Promise<RunningLerobotServer> {
  const grpc = await optionalPackage("--lerobot-port", "@grpc/grpc-js", () => import("@grpc/grpc-js"));
  const { host, limits, log, tls } = shared;
  const links = new Links(shared, options);
  const server = new grpc.Server({
    "grpc.max_receive_message_length": limits.messageBytes,
    "grpc.max_concurrent_streams": limits.waiting + 2,
    "grpc-node.flow_control_window": windowBytes,
    "grpc.enable_channelz": 0,
  });
  const service = {
    linkOf: links.of.bind(links),
    messageBytes: limits.messageBytes,
    refused: links.refused.bind(links),
  };
  server.addService(asyncInference, asyncInferenceService(service));
  const pair = tls === null ? [] : [{ cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) }];
  const credentials =
    tls === null ? grpc.ServerCredentials.createInsecure() : grpc.ServerCredentials.createSsl(null, pair);
  const injector = server.createConnectionInjector(credentials);
  const sockets = createServer((socket) => {
    links.add(socket);
    injector.injectConnection(socket);
  });
  sockets.maxConnections = limits.connections + spareConnections;
  await listening(sockets, { host, port: options.port, option: "--lerobot-port" });
  const address = sockets.address();
  if (address === null || typeof address === "string") throw new InputError(`serve: expected a port of ${host}`);
  log(`listening for LeRobot's clients on ${address.address}:${address.port}`, { event: "listening" });
  for (const note of notesOf(shared)) log(note, { event: "note" });
  return {
    address,
    stop: async () => {
      sockets.close();
      await links.stop();
      const closed = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      const forced = setTimeout(() => server.forceShutdown(), slowestCloseMs);
      await closed;
      clearTimeout(forced);
    },
  };
}

/** What somebody who starts LeRobot's client has to know of the options that the server was given. */
function notesOf({ apiKeys, tls, policy, recorder, sessions }: Shared): string[] {
  const lacks = [
    ...(apiKeys === null ? [] : ["sends no key, which --api-key-file asks for"]),
    ...(tls === null ? [] : ["does not encrypt, which --tls-cert asks for"]),
  ];
  const takes = [
    ...(policy.chunking === undefined ? [] : ["--chunking"]),
    ...(recorder === undefined ? [] : ["--record"]),
    ...(sessions === undefined || sessions.smoothing === null ? [] : ["--smooth"]),
  ];
  return [
    ...(lacks.length === 0
      ? []
      : [`LeRobot's client ${lacks.join(", and ")}: it reaches this port only through a proxy that does so for it`]),
    ...(takes.length === 0
      ? []
      : [
          `run LeRobot's client with --aggregate_fn_name=latest_only: ${takes.join(" and ")} ${takes.length === 1 ? "takes" : "take"} a robot to carry out what it is sent, not averages of it`,
        ]),
  ];
}

/** Connections by the address of their other end, each with its robot once it has asked for the first time. */
class Links {
  readonly #shared: Shared;
  readonly #options: LerobotOptions;
  readonly #open = new Map<
    string,
    { socket: Socket; idle: NodeJS.Timeout; number: number | null; link: RobotLink | null }
  >();

  constructor(shared: Shared, options: LerobotOptions) {
    this.#shared = shared;
    this.#options = options;
  }

  add(socket: Socket): void {
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    const { places, asking, log } = this.#shared;
    const idle = setTimeout(() => this.#tooSilent(peer, slowestHeadMs), slowestHeadMs);
    this.#open.set(peer, { socket, idle, number: null, link: null });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      const found = this.#open.get(peer);
      this.#open.delete(peer);
      clearTimeout(found?.idle);
      if (found === undefined || found.number === null) return;
      void found.link?.stop();
      places.leave();
      asking.leaves(found.number);
      log(`connection ${found.number}: closed`, { event: "closed", connection: found.number });
    });
  }

  /** @throws Refusal where its caller has no key, or there are too many */
  of(peer: string, metadata: Metadata): RobotLink {
    const { apiKeys, places, limits } = this.#shared;
    const open = this.#open.get(peer);
    if (open === undefined) throw new InputError("connection: expected one that is open, got none");
    const [authorization] = metadata.get("authorization");
    const caller = callerBy({ authorization: authorization?.toString(), address: open.socket.remoteAddress }, apiKeys);
    if (caller === null)
      throw new Refusal("key", "connection: expected a known key as metadata (authorization: Api-Key …), got none");
    open.number ??= places.take();
    if (open.number === null)
      throw new Refusal("connections", `connection: expected at most ${limits.connections} connections, got more`);
    clearTimeout(open.idle);
    open.idle = setTimeout(() => this.#tooSilent(peer, limits.idleMs), limits.idleMs);
    open.link ??= new RobotLink({ ...this.#shared, frameKeys: this.#options.keys, number: open.number, caller });
    return open.link;
  }

  refused(peer: string, error: unknown, kind: Refusal["kind"]): void {
    const { log, metrics } = this.#shared;
    const number = this.#open.get(peer)?.number ?? null;
    const { why } = toldOf(error);
    if (kind !== "connections") metrics.refused(kind);
    log(`${number === null ? "LeRobot" : `connection ${number}`}: ${why}`, {
      event: "refused",
      kind,
      ...(number === null ? {} : { connection: number }),
    });
  }

  /** Ends calls that wait, and waits for those that are answered. */
  async stop(): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ link }) => link?.stop()));
  }

  #tooSilent(peer: string, ms: number): void {
    this.refused(peer, new Refusal("idle", `connection: expected a call within ${ms / 1000} s, got none`), "idle");
    this.#open.get(peer)?.socket.destroy();
  }
}
