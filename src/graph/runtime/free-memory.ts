import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Foreign, ownFunction } from "./foreign-library.ts";

/** glibc's; other C libraries have none, and give memory back by themselves. */
const trim: Foreign | null = trimmer();

function trimmer(): Foreign | null {
  if (process.platform !== "linux") return null;
  try {
    return ownFunction("malloc_trim", "int", ["size_t"]);
  } catch {
    return null;
  }
}

/**
 * Gives memory that is free to the system, about a millisecond's work. glibc keeps what was freed between pieces that are in use, so a server
 * that many clients come to and leave grows without it, though its program holds nothing.
 */
export function returnFreeMemory(): void {
  trim?.(0);
}

/** Collects what this thread of JavaScript no longer reaches, and gives its memory to the system: some 100 ms, for between a program's parts. */
export function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  collect();
  returnFreeMemory();
}
