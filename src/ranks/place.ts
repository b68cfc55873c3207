import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { z } from "zod";

/** Where a rank runs. */
export interface Place {
  readonly host: string;
  readonly process: number;
  /** Equal for processes that can see each other; empty where that cannot be told. */
  readonly space: string;
}

const schema = z.object({ host: z.string(), process: z.int(), space: z.string() });

export function ownPlace(): Place {
  return { host: hostname(), process: process.pid, space: processSpace() };
}

export function encodePlace(place: Place): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(place));
}

export function decodePlace(bytes: Uint8Array): Place {
  return schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
}

export function describePlace({ host, process }: Place): string {
  return `process ${process} on ${host}`;
}

/** Whether the process of another rank has ended, as far as this one can see; false for processes out of sight. */
export function isGone(place: Place, own: Place): boolean {
  if (own.space === "" || place.space !== own.space) return false;
  try {
    process.kill(place.process, 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}

/** The kernel that runs and its namespace of processes: a container may share a host's name and not its processes. */
function processSpace(): string {
  try {
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return "";
  }
}
