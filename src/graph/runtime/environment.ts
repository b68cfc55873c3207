import { type Address, call, give, obtain } from "./interface.ts";

const logOnlyFatal = 4;

/** The runtime's one environment of this process: every thread that asks obtains the same. It ends with the process. */
export const environment: Address = obtain("CreateEnv", logOnlyFatal, "armature");

const allocatedByArena = 1;
const ordinaryMemory = 0;

/** Memory of the host, as the runtime names it. */
export const hostMemory: Address = obtain("CreateCpuMemoryInfo", allocatedByArena, ordinaryMemory);

const firstCard = 0;
let ofCard: Address | null = null;

/** Memory of the first card, as the runtime names it. */
export function cudaMemory(): Address {
  ofCard ??= obtain("CreateMemoryInfo", "Cuda", allocatedByArena, firstCard, ordinaryMemory);
  return ofCard;
}

const unlimited = 0;
const asMuchAsAsked = 1;
const runtimesChoice = -1;

shareArena();

/**
 * Has all sessions of the process draw their memory from one arena.
 *
 * An arena keeps its peak for good: with one for each of three programs a process held 1,334 MB, with one for all 698.
 */
function shareArena(): void {
  const arena = obtain("CreateArenaCfg", unlimited, asMuchAsAsked, runtimesChoice, runtimesChoice);
  try {
    call("CreateAndRegisterAllocator", environment, hostMemory, arena);
  } catch (error) {
    // Another thread of this process was first.
    if (!String(error).includes("already been registered")) throw error;
  } finally {
    give("ReleaseArenaCfg", arena);
  }
}
