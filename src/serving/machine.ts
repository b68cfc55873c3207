import type { Device } from "../graph/runtime/device.ts";

/** Where a policy runs. */
export interface Machine {
  readonly device: Device;
  readonly threads: number;
}

/** What each of several calls side by side has of a machine: an equal share of its threads, at least one. */
export function laneOf({ device, threads }: Machine, lanes: number): Machine {
  return { device, threads: Math.max(1, Math.floor(threads / lanes)) };
}
