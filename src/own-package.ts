import { extname } from "node:path";
import { fileURLToPath } from "node:url";

/** `.ts` in a clone, where the sources run as they are, `.js` in the package, where they are compiled. */
const extension = extname(import.meta.filename);

/** How the program is called: as the script of a clone, or as the command of an installed package. */
export const programCall = extension === ".ts" ? "./armature" : "npx armature";

/**
 * Address of a module of this package that is not imported but started or loaded by its address.
 *
 * The compiler leaves addresses alone, so the extension is that of the modules around it.
 *
 * @param source path of its source, `./loader-worker.ts`, from the module at `base`
 */
export function moduleUrl(source: string, base: string): URL {
  return new URL(source.replace(/\.ts$/, extension), base);
}

/** Path of a recipe that comes with the program: `demo`. */
export function ownRecipe(name: string): string {
  return fileURLToPath(moduleUrl(`../recipes/${name}.ts`, import.meta.url));
}
