import { expect, it } from "vitest";
import { optionalPackage } from "./optional-package.ts";

it("a package that is there is given, and one that is missing is named in one line", async () => {
  expect(await optionalPackage("here", "node:path", () => import("node:path"))).toHaveProperty("join");
  const missing = optionalPackage("hub", "@a/b", () => Promise.reject(new Error("Cannot find package\n    at b.js")));
  await expect(missing).rejects.toThrow(
    /^hub: expected the package @a\/b, got Error: Cannot find package; install it: npm install @a\/b$/,
  );
});
