import { readFileSync, rmSync } from "node:fs";

/** Time that a program spent in one kind of operator, over all its runs. */
export interface OperatorTime {
  readonly operator: string;
  readonly calls: number;
  readonly ms: number;
}

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  /** In microseconds. */
  readonly dur: number;
  readonly args?: { readonly op_name?: string };
}

/** What a profile of the runtime holds, the longest first; the file is removed. */
export function takeProfile(file: string): OperatorTime[] {
  const events: readonly ProfileEvent[] = JSON.parse(readFileSync(file, "utf8"));
  rmSync(file);
  const found = new Map<string, { calls: number; ms: number }>();
  for (const { cat, name, dur, args } of events) {
    if (cat !== "Node" || !name.endsWith("_kernel_time") || args?.op_name === undefined) continue;
    const { calls, ms } = found.get(args.op_name) ?? { calls: 0, ms: 0 };
    found.set(args.op_name, { calls: calls + 1, ms: ms + dur / 1000 });
  }
  return longestFirst(found);
}

/** Times of several programs as if they were one. */
export function joinedTimes(programs: readonly (readonly OperatorTime[])[]): OperatorTime[] {
  const found = new Map<string, { calls: number; ms: number }>();
  for (const { operator, ...own } of programs.flat()) {
    const { calls, ms } = found.get(operator) ?? { calls: 0, ms: 0 };
    found.set(operator, { calls: calls + own.calls, ms: ms + own.ms });
  }
  return longestFirst(found);
}

function longestFirst(found: ReadonlyMap<string, Omit<OperatorTime, "operator">>): OperatorTime[] {
  return [...found].map(([operator, time]) => ({ operator, ...time })).sort((one, other) => other.ms - one.ms);
}
