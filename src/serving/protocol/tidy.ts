import { returnFreeMemory } from "../../graph/runtime/free-memory.ts";

/** Robots that stay are held up by it at most so often. */
const apartMs = 1000;

/** Returns the memory of clients that are gone, once for all that leave within a second. @returns what to call when one leaves */
export function tidying(release: () => void = returnFreeMemory): () => void {
  let isPlanned = false;
  return () => {
    if (isPlanned) return;
    isPlanned = true;
    setTimeout(() => {
      isPlanned = false;
      release();
    }, apartMs).unref();
  };
}
