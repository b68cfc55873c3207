import protobuf from "protobufjs/light.js";
import { framed } from "./record.ts";

/** A number under a name. */
export interface Scalar {
  readonly tag: string;
  readonly value: number;
}

/** Numbers of a step, and when it ended. */
export interface StepScalars {
  readonly step: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly scalars: readonly Scalar[];
}

// The few fields that are written. @source tensorflow/core/util/event.proto and tensorflow/core/framework/summary.proto
const { nested } = {
  nested: {
    Event: {
      fields: {
        wallTime: { type: "double", id: 1 },
        step: { type: "int64", id: 2 },
        fileVersion: { type: "string", id: 3 },
        summary: { type: "Summary", id: 5 },
        sessionLog: { type: "SessionLog", id: 7 },
      },
    },
    Summary: { fields: { value: { rule: "repeated", type: "Value", id: 1 } } },
    // One of several kinds of values, so that 0 is written too.
    Value: {
      oneofs: { value: { oneof: ["simpleValue"] } },
      fields: { tag: { type: "string", id: 1 }, simpleValue: { type: "float", id: 2 } },
    },
    SessionLog: { fields: { status: { type: "int32", id: 1 } } },
  },
};

const eventMessage = protobuf.Root.fromJSON({ nested }).lookupType("Event");

const startStatus = 1;

/**
 * The records that a file begins with: its version, and that it begins at step 0, upon which a reader forgets what it has read of an
 * earlier file in the same folder.
 *
 * @param at milliseconds since 1970
 */
export function firstRecords(at: number): Buffer {
  const wallTime = at / 1000;
  const version = eventMessage.encode({ wallTime, fileVersion: "brain.Event:2" }).finish();
  const start = eventMessage.encode({ wallTime, step: 0, sessionLog: { status: startStatus } }).finish();
  return Buffer.concat([framed(version), framed(start)]);
}

/** The record of some numbers, which TensorBoard keeps in 32 bits. */
export function scalarRecord({ step, at, scalars }: StepScalars): Buffer {
  const value = scalars.map((scalar) => ({ tag: scalar.tag, simpleValue: scalar.value }));
  return framed(eventMessage.encode({ wallTime: at / 1000, step, summary: { value } }).finish());
}
