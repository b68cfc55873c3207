import { readdirSync, readFileSync } from "node:fs";

/** Milliseconds of the processor in a tick of `/proc`. */
const tickMs = 10;

/**
 * Milliseconds that the cores have worked for a program and those that it has started and that still run, in ticks of 10 ms;
 * `undefined` asks of this process, without others.
 *
 * @returns `null` where there is no `/proc`
 */
export function processorMs(program: number | undefined): number | null {
  if (program === undefined) {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  }
  try {
    return treeTicks(program) * tickMs;
  } catch {
    return null;
  }
}

function treeTicks(program: number): number {
  // The second field is a name in parentheses, in which anything may stand.
  const line = readFileSync(`/proc/${program}/stat`, "utf8");
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const own = Number(fields[11]) + Number(fields[12]);
  const started = readdirSync(`/proc/${program}/task`).flatMap((thread) =>
    readFileSync(`/proc/${program}/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number),
  );
  return started.reduce((sum, child) => sum + treeTicks(child), own);
}
