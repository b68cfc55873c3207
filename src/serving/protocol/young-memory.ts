import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { z } from "zod";

/** A collection, less than a millisecond, is for so many bytes of messages; at three times as many V8 begins to mark all that lives. */
const untilCollected = 8 * 2 ** 20;

/**
 * Frees the memory of messages that are answered, once enough of it has gathered. Each message brings a megabyte of pictures outside of
 * V8's heap, for which it would mark and compact everything at every thirtieth question: 40 ms of work, 10 of them at a stretch. All of it is
 * young, and a collection of what is young is enough.
 *
 * The room for what is young stays as it is from here on: V8 doubles it again and again while messages come, up to 32 MB, and memory would
 * grow by a twentieth in a server that keeps nothing.
 *
 * @returns what to call when this thread has nothing else to do, such as while a policy computes on others
 */
export function youngMemory(): () => void {
  setFlagsFromString("--semi-space-growth-factor=1");
  let least: number | null = null;
  return () => {
    const held = outside();
    least = Math.min(least ?? held, held);
    if (held - least < untilCollected) return;
    collect ??= collector();
    collect({ type: "minor" });
    // It is freed by a thread of V8's own, a little later: what is left is seen at the next call.
    least = null;
  };
}

/**
 * Bytes that objects hold outside of V8's heap, dead ones that were not collected among them. (`process.memoryUsage` knows at once what is
 * freed, and asks the system as well, which takes seven times as long.)
 */
function outside(): number {
  return getHeapStatistics().external_memory;
}

type Collect = (how: { readonly type: "minor" }) => void;

let collect: Collect | undefined;

/**
 * V8's own, which a context has that is made while a flag is set. There is little to do, and more threads for it would wait for cores that
 * compute.
 */
function collector(): Collect {
  setFlagsFromString("--no-parallel-scavenge");
  setFlagsFromString("--expose-gc");
  const found: unknown = runInNewContext("gc");
  setFlagsFromString("--no-expose-gc");
  return z.custom<Collect>((value) => typeof value === "function", "expected V8's collector").parse(found);
}
