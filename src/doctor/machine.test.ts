import { expect, test } from "vitest";
import { instructionsIn } from "./machine.ts";

test.each([
  ["flags\t\t: fpu sse2 avx2 avx512f avx512_bf16\nbugs : none", "AVX2, AVX-512, AVX-512 BF16"],
  ["Features\t: fp asimd i8mm", "NEON, NEON int8"],
  ["flags : fpu sse2", "none of those that products of matrices gain from"],
  ["", "unknown"],
])("instructions in %j", (cpuinfo, said) => {
  expect(instructionsIn(cpuinfo)).toBe(said);
});
