import { existsSync } from "node:fs";
import { join } from "node:path";
import { libraryFolder, libraryVariables } from "../../../cache-folder.ts";
import { InputError } from "../../../input-error.ts";
import { programCall } from "../../../own-package.ts";

/** The one version whose C API is called: numbers of element types have changed from one to the next. */
export const openvinoVersion = "2026.4.0";

/** How files of that version end. */
const ending = ".so.2640";

/** The libraries that programs are called through, each after those that it needs: they do not find one another. */
const libraries = ["libtbb.so.12", `libopenvino${ending}`, `libopenvino_c${ending}`];

/**
 * OpenVINO's libraries, in the order in which they are opened.
 *
 * @throws InputError that says how to bring them
 */
export function openvinoLibraries(): string[] {
  const where = "bf16";
  if (process.platform !== "linux")
    throw new InputError(
      `${where}: expected Linux, whose OpenVINO is called here, got ${process.platform}; take float32`,
    );
  const folder = libraryFolder("openvino");
  const files = libraries.map((name) => join(folder, "openvino/libs", name));
  const missing = files.find((file) => !existsSync(file));
  if (missing !== undefined) {
    const expected = `OpenVINO ${openvinoVersion} in ${folder} (or where ${libraryVariables.openvino} says)`;
    throw new InputError(
      `${where}: expected ${expected}, got no ${missing}; bring it: ${programCall} doctor --install openvino`,
    );
  }
  return files;
}
