import { readFileSync, readlinkSync } from "node:fs";
import { availableParallelism, cpus, hostname } from "node:os";
import { z } from "zod";

/** Where a rank runs. */
export interface Place {
  readonly host: string;
  readonly process: number;
  /** Cores that the process may use: launchers bind processes to a part of the host's. */
  readonly cores: number;
  /** All cores of the host. */
  readonly hostCores: number;
  /** Equal for processes that can see each other; empty where that cannot be told. */
  readonly space: string;
}

const schema = z.object({
  host: z.string(),
  process: z.int(),
  cores: z.int(),
  hostCores: z.int(),
  space: z.string(),
});

export function ownPlace(): Place {
  const cores = availableParallelism();
  const hostCores = Math.max(cpus().length, cores);
  return { host: hostname(), process: process.pid, cores, hostCores, space: processSpace() };
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

/**
 * Whether the host of a rank has fewer cores than ranks, or than ranks and other work.
 *
 * Beside other work two ranks meet sooner by looking on (0.04 ms against 9), three by giving way (10 ms against 30 to 50).
 *
 * @param load processes that want a core of this host, as the system counts them (`loadavg`)
 */
export function isCrowded(rank: number, places: readonly Place[], load: number): boolean {
  const { host, hostCores } = places[rank]!;
  const ranks = places.filter((place) => place.host === host).length;
  return ranks > hostCores || (ranks > 2 && ranks + load > hostCores);
}

/**
 * What the user should know of where ranks stand: which have fewer cores than threads to compute with, and which hosts have
 * fewer cores than all their ranks have threads.
 *
 * mpirun binds each of two ranks to one core unless it is told otherwise.
 */
export function placementNotes(places: readonly Place[], threads: number): string[] {
  const tight = [...places.keys()].filter((rank) => places[rank]!.cores < threads);
  const hosts = [...Map.groupBy(places, ({ host }) => host)];
  const crowded = hosts.filter(([, [first, ...others]]) => (1 + others.length) * threads > first!.hostCores);
  return [
    ...tight
      .slice(0, 1)
      .map(
        (rank) =>
          `${tight.length} of ${places.length} ranks have fewer cores than their ${threads} threads: rank ${rank} ` +
          `(${describePlace(places[rank]!)}) has ${places[rank]!.cores}; add "--bind-to none" or ` +
          `"--map-by slot:PE=${threads}" to mpirun, "--cpus-per-task=${threads}" to srun`,
      ),
    ...crowded
      .slice(0, 1)
      .map(
        ([host, own]) =>
          `${crowded.length} of ${hosts.length} hosts have fewer cores than threads: ${host} has ${own[0]!.hostCores} ` +
          `for ${own.length} ranks × ${threads} threads, which take turns; fewer ranks or threads are faster`,
      ),
  ];
}

/** The kernel that runs and its namespace of processes: a container may share a host's name and not its processes. */
function processSpace(): string {
  try {
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return "";
  }
}
