import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { ownFunction } from "./foreign-library.ts";
import { returnFreeMemory } from "./free-memory.ts";

const resident = () => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);

it.runIf(process.platform === "linux")("what was freed between pieces in use leaves the process", () => {
  const [allocate, free, fill] = [
    ownFunction("malloc", "uint64_t", ["size_t"]),
    ownFunction("free", "void", ["uint64_t"]),
    ownFunction("memset", "uint64_t", ["uint64_t", "int", "size_t"]),
  ];
  const bytes = 100_000;
  const pieces = Array.from({ length: 1000 }, (): bigint => BigInt(allocate(bytes)));
  for (const piece of pieces) fill(piece, 1, bytes);
  for (const [at, piece] of pieces.entries()) if (at % 2 === 0) free(piece);
  const before = resident();
  returnFreeMemory();
  // Half of 100 MB lay free between the other half.
  expect(before - resident()).toBeGreaterThan(30_000);
  for (const [at, piece] of pieces.entries()) if (at % 2 === 1) free(piece);
});
