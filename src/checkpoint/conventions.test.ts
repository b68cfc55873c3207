import { describe, expect, it } from "vitest";
import { InputError } from "../input-error.ts";
import { type ConventionName, conventionNames } from "./convention-name.ts";
import { type Conventions, checkConventions, conventionsSchema } from "./conventions.ts";

const ours: Conventions = {
  timeDirection: "noise-at-one",
  unrealInput: "zero",
  supervision: "allReal",
  actionSight: "causal",
  pastEnd: "hidden",
  crossAttentionKeys: "real",
  reduction: "cells",
  normalizationEpsilon: 1e-6,
  zeroRange: "zero",
  coincidingQuantiles: "min-max",
  letterbox: "antialiased-centred",
};

const other: Conventions = {
  timeDirection: "noise-at-zero",
  unrealInput: "noise",
  supervision: "asReleasedPi",
  actionSight: "both",
  pastEnd: "taught",
  crossAttentionKeys: "asReleasedGr00t",
  reduction: "samples",
  normalizationEpsilon: 1e-8,
  zeroRange: "epsilon",
  coincidingQuantiles: "epsilon",
  letterbox: "bilinear-centred",
};

function check(found: Conventions, expected: Conventions, allowed: readonly ConventionName[]): () => void {
  return () => checkConventions("runs/pi0", found, expected, new Set(allowed));
}

describe("conventions", () => {
  it("may be the same ones", () => {
    expect(check(ours, { ...ours }, [])).not.toThrow();
  });

  it("are refused one by one where the weights were trained under another", () => {
    for (const name of conventionNames) {
      const expected = { ...ours, [name]: other[name] };
      const message = `${name} ${JSON.stringify(other[name])} (trained under ${JSON.stringify(ours[name])});`;
      expect(check(ours, expected, [])).toThrow(InputError);
      expect(check(ours, expected, [])).toThrow(message);
      expect(check(ours, expected, [name])).not.toThrow();
      expect(
        check(
          ours,
          expected,
          conventionNames.filter((known) => known !== name),
        ),
      ).toThrow(message);
    }
    expect(conventionNames).toHaveLength(Object.keys(ours).length);
  });

  it("that differ are all listed, but for those allowed by name", () => {
    const named = (allowed: readonly ConventionName[]): string => {
      try {
        check(other, ours, allowed)();
      } catch (error) {
        return String(error);
      }
      return "";
    };
    expect(named(["reduction"])).toBe(
      'InputError: runs/pi0: expected weights trained under timeDirection "noise-at-one" (trained under "noise-at-zero"), ' +
        'unrealInput "zero" (trained under "noise"), supervision "allReal" (trained under "asReleasedPi"), ' +
        'actionSight "causal" (trained under "both"), pastEnd "hidden" (trained under "taught"), crossAttentionKeys "real" (trained under "asReleasedGr00t"), ' +
        'normalizationEpsilon 0.000001 (trained under 1e-8), zeroRange "zero" (trained under "epsilon"), ' +
        'coincidingQuantiles "min-max" (trained under "epsilon"), letterbox "antialiased-centred" (trained under "bilinear-centred"); ' +
        "run them under their own conventions, or allow each difference by its name",
    );
  });

  it("have no default: one that is not said is no convention, but for pictures, of which older weights say nothing", () => {
    const { letterbox: _, ...older } = ours;
    expect(conventionsSchema.safeParse(older).success).toBe(true);
    expect(check(older, ours, [])).not.toThrow();
    expect(
      check(
        other,
        older,
        conventionNames.filter((name) => name !== "letterbox"),
      ),
    ).toThrow('letterbox "antialiased-centred" (trained under "bilinear-centred")');
    for (const name of conventionNames.filter((known) => known !== "letterbox")) {
      const { [name]: _, ...rest } = ours;
      expect(conventionsSchema.safeParse(rest).success).toBe(false);
    }
  });
});
