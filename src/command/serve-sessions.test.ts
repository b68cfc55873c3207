import { expect, it } from "vitest";
import { craneRecipe } from "../recipe/testing/cranes.ts";
import { sessionOptions, sessionsGiven } from "./serve-sessions.ts";

const plain = {
  chunking: "none",
  horizon: null,
  delay: "measured",
  smooth: null,
  smoothGrippers: false,
  resetAfterMs: null,
  resetOnPrompt: false,
} as const;
const recipe = { ...craneRecipe, policy: { ...craneRecipe.policy, maxDelay: 2 } };
const asked = (changes: Partial<Parameters<typeof sessionsGiven>[0]>) =>
  sessionsGiven({ ...plain, ...changes }, { steps: 8, recipe });

it("sessions go on as options say, frozen ones no further than the policy knows", () => {
  expect(asked({ chunking: "frozen", horizon: 8, resetAfterMs: 500 })).toEqual({
    horizon: 8,
    delay: "measured",
    longestDelay: 2,
    resetAfterMs: 500,
    resetOnPrompt: false,
    smoothing: null,
  });
  expect(asked({ chunking: "guided", delay: 8 })).toMatchObject({ delay: 8, longestDelay: null });
  expect(asked({ chunking: "frozen", delay: 2 }).delay).toBe(2);
});

it("chunks are averaged only where that is asked for, and only those that arise by themselves", () => {
  expect(asked({ smooth: 0.01, horizon: 4 })).toMatchObject({
    horizon: 4,
    smoothing: { decay: 0.01, grippers: false },
  });
  expect(asked({ smooth: 0, smoothGrippers: true }).smoothing).toEqual({ decay: 0, grippers: true });
  expect(() => asked({ smoothGrippers: true })).toThrow("--smooth-grippers: expected --smooth with it, got none");
  expect(() => asked({ smooth: 0.01, delay: 2 })).toThrow(
    /^--horizon, --delay: expected --chunking with them, got none/,
  );
  expect(() => asked({ smooth: 0.01, chunking: "guided" })).toThrow(
    "--smooth: expected --chunking none with it, got guided",
  );
});

it("says which steps do not fit", () => {
  expect(() => asked({ horizon: 2 })).toThrow(/^--horizon, --delay: expected --chunking with them, got none/);
  expect(() => asked({ delay: 2 })).toThrow(/^--horizon, --delay: expected --chunking with them, got none/);
  expect(() => asked({ chunking: "guided", horizon: 9 })).toThrow(
    "--horizon: expected at most the 8 steps of a chunk, got 9",
  );
  expect(() => asked({ chunking: "guided", delay: 9 })).toThrow(
    "--delay: expected at most 8 steps, those of a chunk, got 9",
  );
  expect(() => asked({ chunking: "frozen", delay: 3 })).toThrow(
    "--delay: expected at most 2 steps, policy.maxDelay, got 3",
  );
  expect(() => sessionOptions.delay.read(["-1"], "--delay")).toThrow(
    '--delay: expected a whole number of steps, or "measured", got "-1"',
  );
  expect([sessionOptions.delay.read(["3"], "--delay"), sessionOptions.delay.read(["measured"], "--delay")]).toEqual([
    3,
    "measured",
  ]);
});
