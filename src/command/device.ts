import type { Device } from "../graph/runtime/device.ts";
import { choice, otherwise } from "./parameter.ts";

const devices: readonly Device[] = ["cpu", "cuda", "webgpu"];

/** Where programs run; left out, where the recipe says, or a policy was trained. */
export const deviceOption = otherwise(choice("device", "where the programs run", devices), null);
