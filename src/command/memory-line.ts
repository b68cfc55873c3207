import type { Device } from "../graph/runtime/device.ts";
import type { MemoryPlan } from "../training/memory-plan.ts";
import type { RunMemory } from "../training/record.ts";

/** What a rank of a run is expected to need, and what for, on one line; what another device and its driver take is not counted. */
export function memoryLine(
  { total, weights, momentsAndAverages, gradients, activations, programs, pictures, process }: MemoryPlan,
  device: Device,
): string {
  const parts = {
    weights,
    "moments and averages": momentsAndAverages,
    gradients,
    activations,
    programs,
    pictures,
    "the process itself": process,
  };
  const listed = Object.entries(parts).map(([name, bytes]) => `${name} ${mebibytes(bytes)}`);
  return `memory: about ${mebibytes(total)} MiB in training (${listed.join(", ")})${besides(device)}`;
}

function besides(device: Device): string {
  return device === "cpu" ? "" : `, beside what ${device} and its driver take`;
}

/** What was needed, beside what was expected. */
export function memoryOutcome({ expected, most }: RunMemory, device: Device): string {
  const byRank = most.length === 1 ? "" : ` at ${most.length} ranks`;
  return `memory: ${most.map(mebibytes).join(", ")} MiB at most${byRank}, about ${mebibytes(expected.total)} were expected${besides(device)}`;
}

function mebibytes(bytes: number): string {
  return Math.round(bytes / 2 ** 20).toLocaleString("en-US");
}
