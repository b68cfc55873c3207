import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { z } from "zod";
import { crc32c, framed } from "./record.ts";

const stored = new URL("../../../test/parity/tensorboard.json", import.meta.url);

it.each([
  ["the digits from 1 to 9", Buffer.from("123456789"), 0xe3069283],
  ["32 bytes of 0", Buffer.alloc(32), 0x8a9136aa],
  ["32 bytes of 255", Buffer.alloc(32, 255), 0x62a8ab43],
  ["the bytes from 0 to 31", Buffer.from(Array.from({ length: 32 }, (_, at) => at)), 0x46dd794e],
  ["nothing", Buffer.alloc(0), 0],
])("the checksum of %s is the one that RFC 3720 and others name", (_, bytes, checksum) => {
  expect(crc32c(bytes)).toBe(checksum);
});

it("frames a record as TensorBoard's own writer does", () => {
  const { framed: recorded } = z.object({ framed: z.string() }).parse(JSON.parse(readFileSync(stored, "utf8")));
  expect(framed(Buffer.from("armature")).toString("hex")).toBe(recorded);
});
