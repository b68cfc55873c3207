import { expect, test } from "vitest";
import { memoryLine, memoryOutcome } from "./memory-line.ts";

const mib = 2 ** 20;
const expected = {
  weights: 606 * mib,
  momentsAndAverages: 909 * mib,
  gradients: 606 * mib,
  activations: 40 * mib,
  programs: 14 * mib,
  pictures: 0,
  process: 367 * mib,
  total: 2542 * mib,
};

test("what a run needs of memory is said by what it is for, and beside what it had", () => {
  expect(memoryLine(expected, "cpu")).toBe(
    "memory: about 2,542 MiB in training (weights 606, moments and averages 909, gradients 606, activations 40, programs 14, pictures 0, the process itself 367)",
  );
  expect(memoryOutcome({ expected, most: [2557 * mib, 2554 * mib] }, "cpu")).toBe(
    "memory: 2,557, 2,554 MiB at most at 2 ranks, about 2,542 were expected",
  );
  expect(memoryOutcome({ expected, most: [2557 * mib] }, "cpu")).toBe(
    "memory: 2,557 MiB at most, about 2,542 were expected",
  );
  expect(memoryOutcome({ expected, most: [2557 * mib] }, "webgpu")).toBe(
    "memory: 2,557 MiB at most, about 2,542 were expected, beside what webgpu and its driver take",
  );
});
