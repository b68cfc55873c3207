import { readFileSync } from "node:fs";
import protobuf from "protobufjs/light.js";
import { crc32c } from "../record.ts";

/** A record of an event file, by the numbers of its fields. */
export interface ReadEvent {
  wallTime: number;
  step: number;
  fileVersion: string;
  /** Of a session; 0 where it is none. */
  status: number;
  scalars: (readonly [tag: string, value: number])[];
}

/** The whole records of an event file, field by field. @throws RangeError where a checksum is another, or a field is not known */
export function readEventFile(path: string): ReadEvent[] {
  const bytes = readFileSync(path);
  const events: ReadEvent[] = [];
  for (let at = 0; at + 12 <= bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at));
    const content = bytes.subarray(at + 12, at + 12 + length);
    if (at + 16 + length > bytes.length) break;
    check(bytes.subarray(at, at + 8), bytes.readUInt32LE(at + 8));
    check(content, bytes.readUInt32LE(at + 12 + length));
    events.push(readEvent(content));
    at += 16 + length;
  }
  return events;
}

/** Undoes the mask: subtracts its constant, and turns the bits back. */
function check(bytes: Uint8Array, masked: number): void {
  const turned = (masked - 0xa282ead8) >>> 0;
  const crc = ((turned << 15) | (turned >>> 17)) >>> 0;
  if (crc !== crc32c(bytes)) throw new RangeError(`readEventFile: expected checksum ${crc32c(bytes)}, got ${crc}`);
}

function readEvent(content: Uint8Array): ReadEvent {
  const event: ReadEvent = { wallTime: 0, step: 0, fileVersion: "", status: 0, scalars: [] };
  fields(content, (number, reader) => {
    if (number === 1) event.wallTime = reader.double();
    else if (number === 2) event.step = Number(reader.int64());
    else if (number === 3) event.fileVersion = reader.string();
    else if (number === 5) fields(reader.bytes(), (_, summary) => event.scalars.push(readScalar(summary.bytes())));
    else if (number === 7) fields(reader.bytes(), (_, session) => Object.assign(event, { status: session.int32() }));
    else throw new RangeError(`readEventFile: expected a field that is written, got ${number}`);
  });
  return event;
}

function readScalar(content: Uint8Array): readonly [string, number] {
  let [tag, value] = ["", Number.NaN];
  fields(content, (number, reader) => {
    if (number === 1) tag = reader.string();
    else value = reader.float();
  });
  return [tag, value];
}

function fields(content: Uint8Array, take: (number: number, reader: protobuf.Reader) => void): void {
  const reader = protobuf.Reader.create(content);
  while (reader.pos < reader.len) take(reader.uint32() >>> 3, reader);
}
