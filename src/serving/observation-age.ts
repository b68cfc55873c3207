import { Refusal } from "./refusal.ts";

/**
 * Refuses an observation that is too old to act on, or that says no time where its age counts.
 *
 * One from the future is refused as well, for then the clocks of robot and server differ and its age is not known.
 *
 * @param time when it was made, in seconds since 1970 by the robot's clock; `null` where it does not say
 * @param nowMs by the server's clock, in milliseconds since 1970
 * @param staleMs the greatest age; `null` where any may be
 * @throws Refusal
 */
export function refuseStale(time: number | null, nowMs: number, staleMs: number | null): void {
  if (staleMs === null) return;
  if (time === null)
    throw new Refusal("stale", '"time": expected when the observation was made, in seconds since 1970, got none');
  const age = nowMs - 1000 * time;
  if (age > staleMs)
    throw new Refusal("stale", `"time": expected an observation of the last ${staleMs} ms, got one of ${ms(age)} ago`);
  if (age < -staleMs)
    throw new Refusal(
      "stale",
      `"time": expected an observation of the past, got one of ${ms(-age)} ahead; set the clocks of robot and server alike`,
    );
}

function ms(duration: number): string {
  return `${Math.round(duration)} ms`;
}
