import { expect, it } from "vitest";
import { microBatchFor } from "./machine.ts";

const row = { variant: "pi0", size: "micro", views: 1, promptTokens: 7, actionHorizon: 4 } as const;
// 4 patches and 16 tokens. Vision: 4 layers × 4 × (8·16 + 3·40 + 2·2·4) = 4,224 floats.
// Backbone: 3 layers × 16 × (8·32 + 3·64 + 2·4·16) = 27,648 floats.
const rowBytes = 4 * (4224 + 27648);

it("a row takes what its layers keep", () => {
  expect(microBatchFor({ memoryBytes: 1, cores: 1 }, 16, row)).toEqual({ rows: 1, rowBytes });
});

it("a micro-batch is the largest power of two that fills half of the memory at most, and no more than the batch", () => {
  const rowsIn = (rows: number) => microBatchFor({ memoryBytes: 2 * rows * rowBytes, cores: 1 }, 16, row).rows;
  expect([7.9, 8, 1000].map(rowsIn)).toEqual([4, 8, 16]);
});
