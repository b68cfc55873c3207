import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";
import { moduleUrl, ownRecipe, programCall } from "./own-package.ts";

it("a clone's modules and recipes are its sources", () => {
  expect(programCall).toBe("./armature");
  expect(moduleUrl("./own-package.ts", import.meta.url).href).toBe(new URL("own-package.ts", import.meta.url).href);
  expect(existsSync(ownRecipe("demo"))).toBe(true);
});

it("what is started by its address, which no import leads to, is in the package", () => {
  const root = join(import.meta.dirname, "..");
  const { files } = z
    .object({ files: z.array(z.string()) })
    .parse(JSON.parse(readFileSync(join(root, "tsconfig.package.json"), "utf8")));
  const started = globSync("**/*.ts", { cwd: import.meta.dirname })
    .filter((path) => !path.endsWith(".test.ts"))
    .flatMap((path) => {
      const text = readFileSync(join(import.meta.dirname, path), "utf8");
      const found = [...text.matchAll(/\bmoduleUrl\(\s*"([^"]+)"/g)];
      return found.map(([, address = ""]) => relative(root, join(import.meta.dirname, dirname(path), address)));
    });
  expect(started).toContain("src/batch/loader-worker.ts");
  expect(started.filter((path) => !files.includes(path))).toEqual([]);
});
