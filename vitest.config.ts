import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: [
      "src/**/*.test.ts",
      "client/**/*.test.ts",
      "test/**/*.test.ts",
      "bench/**/*.test.ts",
      "tools/**/*.test.ts",
      "recipes/**/*.test.ts",
    ],
    globalSetup: "test/own-cache.ts",
    // A process per file: a crash inside native code (ONNX Runtime, MPI, the video decoder) fails one file and no other.
    pool: "forks",
    // Two cores and numbers computed on all of them: more files at once only steal from each other.
    maxWorkers: 2,
    // Compiling a program takes seconds on a busy machine; a test that hangs still ends within the budget of ten minutes.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    slowTestThreshold: 5_000,
  },
});
