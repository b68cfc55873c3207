import { describe, expect, it } from "vitest";
import { refuseStale } from "./observation-age.ts";

const now = 1_800_000_000_000;
const ago = (ms: number) => (now - ms) / 1000;

describe("an observation's age", () => {
  it("may be as great as is said, and no greater", () => {
    expect(() => refuseStale(ago(200), now, 200)).not.toThrow();
    expect(() => refuseStale(ago(201), now, 200)).toThrow(
      '"time": expected an observation of the last 200 ms, got one of 201 ms ago',
    );
  });

  it("is not known where clocks differ by more than that", () => {
    expect(() => refuseStale(ago(-200), now, 200)).not.toThrow();
    expect(() => refuseStale(ago(-3000), now, 200)).toThrow("got one of 3000 ms ahead; set the clocks");
  });

  it("has to be said where it counts, and need not be where it does not", () => {
    expect(() => refuseStale(null, now, 200)).toThrow('"time": expected when the observation was made');
    expect(() => refuseStale(null, now, null)).not.toThrow();
    expect(() => refuseStale(ago(1e9), now, null)).not.toThrow();
  });
});
