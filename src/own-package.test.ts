import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { moduleUrl, ownRecipe, programCall } from "./own-package.ts";

it("a clone's modules and recipes are its sources", () => {
  expect(programCall).toBe("./armature");
  expect(moduleUrl("./own-package.ts", import.meta.url).href).toBe(new URL("own-package.ts", import.meta.url).href);
  expect(existsSync(ownRecipe("demo"))).toBe(true);
});
