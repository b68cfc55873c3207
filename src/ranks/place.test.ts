import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { decodePlace, encodePlace, isGone, ownPlace, placementNote } from "./place.ts";

test("a place survives the way between ranks", () => {
  expect(decodePlace(encodePlace(ownPlace()))).toEqual(ownPlace());
});

test("a process is gone once it has ended, if it can be seen from here", async () => {
  const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"]);
  const place = { ...ownPlace(), process: child.pid ?? 0 };
  expect(isGone(place, ownPlace())).toBe(false);
  child.kill("SIGKILL");
  await new Promise((resolve) => child.on("close", resolve));
  expect(isGone(place, ownPlace())).toBe(true);
  expect(isGone({ ...place, space: "another machine" }, ownPlace())).toBe(false);
  expect(isGone({ ...place, space: "" }, { ...ownPlace(), space: "" })).toBe(false);
});

test("ranks with fewer cores than threads are noted, and no others", () => {
  const places = [4, 1, 2].map((cores) => ({ ...ownPlace(), cores }));
  expect(placementNote(places, 1)).toBeNull();
  expect(placementNote(places, 2)).toMatch(
    /^1 of 3 ranks have fewer cores than their 2 threads: rank 1 .* has 1;.*--bind-to none/,
  );
  expect(placementNote(places, 4)).toMatch(/^2 of 3 ranks/);
});
