import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "../../../cache-folder.ts";
import { InputError } from "../../../input-error.ts";

/** The one version whose C API is called: numbers of element types have changed from one to the next. */
const version = "2026.4.0";

/** How files of that version end. */
const ending = ".so.2640";

/** The libraries that programs are called through, each after those that it needs: they do not find one another. */
const libraries = ["libtbb.so.12", `libopenvino${ending}`, `libopenvino_c${ending}`];

/** Names the folder that OpenVINO's package was installed into. */
const variable = "ARMATURE_OPENVINO";

/**
 * OpenVINO's libraries, in the order in which they are opened.
 *
 * @throws InputError that says how to bring them
 */
export function openvinoLibraries(): string[] {
  const where = "precision bf16";
  if (process.platform !== "linux")
    throw new InputError(
      `${where}: expected Linux, whose OpenVINO is called here, got ${process.platform}; take precision float32`,
    );
  const folder = process.env[variable] || cacheFolder("openvino");
  const files = libraries.map((name) => join(folder, "openvino/libs", name));
  const missing = files.find((file) => !existsSync(file));
  if (missing !== undefined) {
    const command = `python3 -m pip install --no-deps --target ${folder} openvino==${version}`;
    throw new InputError(
      `${where}: expected OpenVINO ${version} in ${folder} (or where ${variable} says), got no ${missing}; bring it: ${command}`,
    );
  }
  return files;
}
