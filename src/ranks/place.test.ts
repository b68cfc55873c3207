import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { decodePlace, encodePlace, isCrowded, isGone, ownPlace, placementNotes } from "./place.ts";

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
  const places = [4, 1, 2].map((cores, at) => ({ ...ownPlace(), host: `node-${at}`, cores, hostCores: 4 }));
  expect(placementNotes(places, 1)).toEqual([]);
  expect(placementNotes(places, 2)).toEqual([
    expect.stringMatching(/^1 of 3 ranks have fewer cores than their 2 threads: rank 1 .* has 1;.*--bind-to none/),
  ]);
  expect(placementNotes(places, 4)).toEqual([expect.stringMatching(/^2 of 3 ranks/)]);
});

test("a host with fewer cores than its ranks have threads together is noted", () => {
  const places = ["one", "one", "two"].map((host) => ({ ...ownPlace(), host, cores: 4, hostCores: 4 }));
  expect(placementNotes(places, 2)).toEqual([]);
  const narrow = places.map((place) => ({ ...place, hostCores: 1 }));
  expect([0, 1, 2].map((rank) => isCrowded(rank, narrow, 0))).toEqual([true, true, false]);
  expect([0, 1, 2].map((rank) => isCrowded(rank, places, 9))).toEqual([false, false, false]);
  const three = [...places, ...places.slice(0, 1)];
  expect([0, 1].map((load) => isCrowded(0, three, load))).toEqual([false, false]);
  expect([0, 2, 3].map((rank) => isCrowded(rank, three, 1.5))).toEqual([true, false, true]);
  expect(placementNotes(places, 3)).toEqual([
    "1 of 2 hosts have fewer cores than threads: one has 4 for 2 ranks × 3 threads, which take turns; fewer ranks or threads are faster",
  ]);
});
