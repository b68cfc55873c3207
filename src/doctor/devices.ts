import { encodeModel, type OnnxGraph } from "../graph/onnx.ts";
import { operatorsOf } from "../graph/program.ts";
import { type Device, requireDevice } from "../graph/runtime/device.ts";
import { openSession } from "../graph/runtime/session.ts";
import { InputError } from "../input-error.ts";
import { operatorSuite, type SuiteFinding, suitePolicies } from "./operator-suite.ts";

/** What a device is, and how it computes. */
export type DeviceReport =
  | { readonly device: Device; readonly state: "absent"; readonly why: string }
  | ({
      readonly device: Device;
      readonly state: "right" | "wrong";
      readonly operators: number;
      readonly seconds: number;
    } & {
      readonly findings: readonly SuiteFinding[];
    });

/**
 * Whether a device is there, and whether it computes every operator of every policy as the CPU does one after another.
 *
 * @param seen told how many policies are done, before each
 */
export async function examineDevice(
  machine: { readonly device: Device; readonly threads: number },
  seen: (done: number, of: number) => void,
): Promise<DeviceReport> {
  const { device } = machine;
  try {
    requireDevice(device);
  } catch (error) {
    if (error instanceof InputError)
      return { device, state: "absent", why: error.message.replace(/^--device \w+: /, "") };
    throw error;
  }
  const began = performance.now();
  const examined = {
    operators: operatorsOf({ device }),
    open: (graph: OnnxGraph) => openSession(encodeModel(graph), machine),
  };
  const { findings, operators } = await operatorSuite(examined, suitePolicies, seen);
  const seconds = (performance.now() - began) / 1000;
  return { device, state: findings.length === 0 ? "right" : "wrong", operators, seconds, findings };
}
