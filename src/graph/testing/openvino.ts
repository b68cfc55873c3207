import { InputError } from "../../input-error.ts";
import { openvinoLibraries } from "../runtime/openvino/folder.ts";

/** Whether OpenVINO was brought: what needs it is tested there alone. */
export function isOpenvinoThere(): boolean {
  try {
    return openvinoLibraries().length > 0;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}
