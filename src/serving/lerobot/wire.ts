import protobuf from "protobufjs/light.js";
import { InputError } from "../../input-error.ts";
import type { TransferPiece } from "./transfer.ts";

const { nested } = {
  nested: {
    Observation: { fields: { transferState: { type: "int32", id: 1 }, data: { type: "bytes", id: 2 } } },
    Bytes: { fields: { data: { type: "bytes", id: 1 } } },
  },
};

const messages = protobuf.Root.fromJSON({ nested });
const observation = messages.lookupType("Observation");
const onlyBytes = messages.lookupType("Bytes");

/** A message without fields. */
export const empty = Buffer.alloc(0);

/** @throws InputError where the bytes are no message */
export function decodePiece(bytes: Uint8Array): TransferPiece {
  const { transferState, data } = fieldsOf(observation, bytes);
  return { transferState, data };
}

export function encodePiece({ transferState, data }: TransferPiece): Buffer {
  return Buffer.from(observation.encode({ transferState, data }).finish());
}

/** The bytes of a message that has no other field: `PolicySetup` and `Actions`. @throws InputError where the bytes are no message */
export function decodeBytes(bytes: Uint8Array): Uint8Array {
  return fieldsOf(onlyBytes, bytes).data;
}

export function encodeBytes(data: Uint8Array): Buffer {
  return Buffer.from(onlyBytes.encode({ data }).finish());
}

function fieldsOf(type: protobuf.Type, bytes: Uint8Array) {
  try {
    return type.toObject(type.decode(bytes), { defaults: true });
  } catch {
    throw new InputError(`message: expected one of LeRobot's, got ${bytes.length} bytes that are none`);
  }
}
