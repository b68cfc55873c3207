/** Bytes of a record before its content: the length, and its checksum. */
const headBytes = 12;

/**
 * One record of a TFRecord file: length (8 bytes), its checksum, content, its checksum; all little-endian.
 *
 * @source tensorflow/core/lib/io/record_writer.cc
 */
export function framed(content: Uint8Array): Buffer {
  const record = Buffer.alloc(headBytes + content.length + 4);
  record.writeBigUInt64LE(BigInt(content.length));
  record.writeUInt32LE(maskedChecksum(record.subarray(0, 8)), 8);
  record.set(content, headBytes);
  record.writeUInt32LE(maskedChecksum(content), headBytes + content.length);
  return record;
}

/** A checksum of bytes that may themselves hold checksums. @source tensorflow/core/lib/hash/crc32c.h */
function maskedChecksum(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** The checksum of Castagnoli, which `node:zlib` does not have. @source RFC 3720, section 12.1 and appendix B.4 */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 255]!;
  return ~crc >>> 0;
}

/** The polynomial with its bits in reverse, as bytes are fed lowest bit first. */
const polynomial = 0x82f63b78;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) * polynomial);
  return crc;
});
