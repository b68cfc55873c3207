import { InputError } from "./input-error.ts";

/**
 * What a package exports that not everybody needs, so that it may be missing.
 *
 * @param where it is needed, for the error: "simulation"
 * @throws InputError that names the package, where it is missing or does not load
 */
export async function optionalPackage<T>(where: string, name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const [reason] = String(error).split("\n", 1);
    throw new InputError(`${where}: expected the package ${name}, got ${reason}; install it: npm install ${name}`);
  }
}
