import { describe, expect, it } from "vitest";
import { type Case, checkGradients, checkPrecisions } from "./finite-difference.ts";

/** Why an exported function needs no gradient of its own. */
export interface Without {
  readonly without: string;
}

type FunctionNames<M> = {
  [K in keyof M]: M[K] extends (...inputs: never[]) => unknown ? K : never;
}[keyof M];

/**
 * Tests the gradients of every function that a module of ops exports.
 *
 * A function that has no entry is an error of types and fails a test: no op can be added without a gradient test.
 */
export function gradientsOf<M extends object>(
  module: M,
  entries: Readonly<Record<FunctionNames<M> & string, readonly Case[] | Without>>,
): void {
  describe("gradients", () => {
    const listed: [string, readonly Case[] | Without][] = Object.entries(entries);
    it("are asked of every function exported here", () => {
      const exported = Object.entries(module).flatMap(([name, value]) => (typeof value === "function" ? [name] : []));
      expect(listed.map(([name]) => name).sort()).toEqual(exported.sort());
      for (const [name, entry] of listed) if (!("without" in entry)) expect(entry.length, name).toBeGreaterThan(0);
    });

    for (const [name, entry] of listed) {
      if ("without" in entry) continue;
      it(`of ${name} follow finite differences, and float32 follows float64`, async () => {
        for (const [at, expression] of entry.entries()) {
          await checkGradients(`${name} ${at}`, expression);
          await checkPrecisions(`${name} ${at}`, expression);
        }
      });
    }
  });
}
