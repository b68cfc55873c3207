import type { Metadata, ServerReadableStream, ServerUnaryCall, ServiceDefinition, sendUnaryData } from "@grpc/grpc-js";
import { InputError } from "../../input-error.ts";
import { Refusal, type RefusalKind, refusalKindOf, toldOf } from "../refusal.ts";
import type { RobotLink } from "./robot-link.ts";
import { Transfer } from "./transfer.ts";
import { decodeBytes, decodePiece, empty, encodeBytes } from "./wire.ts";

/** What the service asks of what stands around it. */
export interface ServiceOptions {
  /** The robot behind a call. @throws InputError where it may not ask */
  readonly linkOf: (peer: string, metadata: Metadata) => RobotLink;
  readonly messageBytes: number;
  /** Told of each refusal. */
  readonly refused: (peer: string, error: unknown, kind: RefusalKind) => void;
}

/** Numbers of gRPC's statuses. @source https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const status = { invalidArgument: 3, resourceExhausted: 8, failedPrecondition: 9, internal: 13, unauthenticated: 16 };

const statuses: Readonly<Record<RefusalKind, number>> = {
  request: status.invalidArgument,
  stale: status.failedPrecondition,
  limit: status.failedPrecondition,
  "not-finite": status.failedPrecondition,
  rate: status.resourceExhausted,
  queue: status.resourceExhausted,
  connections: status.resourceExhausted,
  idle: status.failedPrecondition,
  key: status.unauthenticated,
  failure: status.internal,
};

const bytesAsTheyAre = { serialize: (bytes: Buffer) => bytes, deserialize: (bytes: Buffer) => bytes };

/** The calls of `transport.AsyncInference`. Messages are read where errors are told. @source LeRobot `transport/services.proto` */
export const asyncInference = {
  ready: unary("Ready"),
  sendPolicyInstructions: unary("SendPolicyInstructions"),
  sendObservations: { ...unary("SendObservations"), requestStream: true },
  getActions: unary("GetActions"),
} satisfies ServiceDefinition;

/** What answers them. */
export function asyncInferenceService(options: ServiceOptions) {
  const answering =
    (answer: (link: RobotLink, call: ServerUnaryCall<Buffer, Buffer>) => Buffer | Promise<Buffer>) =>
    (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) =>
      void (async () => answer(options.linkOf(call.getPeer(), call.metadata), call))().then(
        (bytes) => reply(null, bytes),
        (error) => reply(refusal(options, call.getPeer(), error)),
      );
  const receiving = new Set<RobotLink>();
  return {
    ready: answering((link) => {
      link.ready();
      return empty;
    }),
    sendPolicyInstructions: answering((link, { request }) => {
      link.instruct(decodeBytes(request));
      return empty;
    }),
    sendObservations: (call: ServerReadableStream<Buffer, Buffer>, reply: sendUnaryData<Buffer>) =>
      receive(options, receiving, call, reply),
    getActions: answering(async (link, call) => {
      const gone = new AbortController();
      call.on("cancelled", () => gone.abort());
      return encodeBytes(await link.actions(gone.signal));
    }),
  };
}

/**
 * An observation in pieces: it is answered at its last piece, or at the first that is refused; what comes behind is passed over.
 *
 * Who may not ask, or sends another observation beside it, is told before a piece is kept: each robot has one observation on its way.
 */
function receive(
  options: ServiceOptions,
  receiving: Set<RobotLink>,
  call: ServerReadableStream<Buffer, Buffer>,
  reply: sendUnaryData<Buffer>,
) {
  const transfer = new Transfer(options.messageBytes);
  let link: RobotLink | null = null;
  let isOver = false;
  const leave = () => {
    isOver = true;
    if (link !== null) receiving.delete(link);
  };
  const end = (error: unknown) => {
    if (isOver) return;
    leave();
    reply(error === null ? null : refusal(options, call.getPeer(), error), empty);
  };
  const orRefused = (step: () => void) => {
    try {
      step();
    } catch (error) {
      end(error);
    }
  };
  orRefused(() => {
    const asking = options.linkOf(call.getPeer(), call.metadata);
    if (receiving.has(asking)) throw new Refusal("queue", secondObservation);
    link = asking;
    receiving.add(asking);
  });
  call.on("data", (bytes: Buffer) => {
    if (isOver) return;
    orRefused(() => {
      const whole = transfer.add(decodePiece(bytes));
      if (whole === null) return;
      options.linkOf(call.getPeer(), call.metadata).observe(whole);
      end(null);
    });
  });
  call.on("end", () => end(new InputError("observation: expected a piece at its end, got none")));
  call.on("cancelled", leave);
  call.on("error", leave);
}

const secondObservation =
  "SendObservations: expected one observation at a time, got a second beside it; give each RobotClient a process";

function refusal({ refused }: ServiceOptions, peer: string, error: unknown) {
  const kind = refusalKindOf(error);
  refused(peer, error, kind);
  return { code: statuses[kind], details: toldOf(error).said };
}

function unary(name: string) {
  return {
    path: `/transport.AsyncInference/${name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: bytesAsTheyAre.serialize,
    requestDeserialize: bytesAsTheyAre.deserialize,
    responseSerialize: bytesAsTheyAre.serialize,
    responseDeserialize: bytesAsTheyAre.deserialize,
  };
}
