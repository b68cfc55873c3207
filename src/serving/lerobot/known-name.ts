import type { NameUse } from "./pickle.ts";

const instance: NameUse = { use: "instance", hasState: true };
const call: NameUse = { use: "call", hasState: false };
const callWithState: NameUse = { use: "call", hasState: true };
const name: NameUse = { use: "name", hasState: false };

export const policyConfigName = "lerobot.async_inference.helpers.RemotePolicyConfig";
export const observationName = "lerobot.async_inference.helpers.TimedObservation";
export const emptyArrayName = "numpy._core.multiarray._reconstruct";
export const bufferArrayName = "numpy._core.numeric._frombuffer";
export const scalarName = "numpy._core.multiarray.scalar";
export const dtypeName = "numpy.dtype";
export const arrayName = "numpy.ndarray";
export const tensorName = "torch._utils._rebuild_tensor_v2";
export const storageName = "torch.storage._load_from_bytes";

/**
 * Everything that pickles of LeRobot's client name: its own two classes, arrays and numbers of numpy 2, tensors of torch.
 *
 * @source what `RobotClient` of LeRobot 0.6.1 sends, with numpy 2.2 and torch 2.11, under protocols 4 and 5
 */
export const knownNames: ReadonlyMap<string, NameUse> = new Map([
  [policyConfigName, instance],
  [observationName, instance],
  [emptyArrayName, callWithState],
  [bufferArrayName, call],
  [scalarName, call],
  [dtypeName, callWithState],
  [arrayName, name],
  [tensorName, call],
  [storageName, call],
  ["collections.OrderedDict", call],
]);
