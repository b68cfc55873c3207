import { registerHooks } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { moduleUrl } from "../own-package.ts";

/** What "armature" names in a recipe: the package that reads it, wherever the recipe lies and whatever is installed there. */
const ownName = "armature";
const publicNames = moduleUrl("../index.ts", import.meta.url).href;

/**
 * What the file of a recipe exports.
 *
 * TypeScript is read as a module, so that no `package.json` has to say `"type": "module"`.
 *
 * @throws whatever its code throws, or SyntaxError
 */
export async function importRecipe(path: string): Promise<object> {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier === ownName) return { url: publicNames, shortCircuit: true };
      const found = next(specifier, context);
      return isOwnTypeScript(found.url) ? { ...found, format: "module-typescript" } : found;
    },
  });
  try {
    const loaded: unknown = await import(pathToFileURL(resolve(path)).href);
    return typeof loaded === "object" && loaded !== null ? loaded : {};
  } finally {
    hooks.deregister();
  }
}

function isOwnTypeScript(url: string): boolean {
  return url.startsWith("file:") && url.endsWith(".ts") && !url.includes("/node_modules/");
}
