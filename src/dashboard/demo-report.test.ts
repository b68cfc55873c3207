import { expect, it } from "vitest";
import { demoReport } from "./demo-report.ts";
import { story } from "./testing/story.ts";

const page = demoReport(story);

/** The texts of each row of the table that stands below a heading. */
function rowsBelow(heading: string): string[][] {
  const from = page.indexOf(`<h2>${heading}</h2>`);
  const body = page.slice(page.indexOf("<tbody>", from), page.indexOf("</tbody>", from));
  return [...body.matchAll(/<tr>(.*?)<\/tr>/g)].map((row) =>
    [...row[1]!.matchAll(/<td[^>]*>(.*?)<\/td>/g)].map((cell) => cell[1]!),
  );
}

it("says of each robot how it did before training, then how after, and the steps of the trained policy", () => {
  expect(rowsBelow("Closed loop")).toEqual([
    ["reacher", "joint", "2", "12.5 %", "6.3 % to 56.3 %", "87.5 %", "43.8 % to 93.8 %", "14.3"],
    ["pusher", "joint", "2", "0 %", "0 % to 50 %", "62.5 %", "31.3 % to 81.3 %", "61.8"],
  ]);
});

it("shows each robot's films in the order of time, with what became of each", () => {
  const films = [...page.matchAll(/base64,([^"]+)".*?<figcaption>(.*?)<\/figcaption>/g)];
  const shown = films.map(([, bytes = "", caption]) => [Buffer.from(bytes, "base64")[0], caption]);
  expect(shown).toEqual([
    [10, "start 0, untrained: fails"],
    [11, "start 0, trained: succeeds"],
    [12, "start 1, trained: fails"],
    [20, "start 0, untrained: fails"],
    [21, "start 0, trained: succeeds"],
  ]);
});

it("says each dataset's held-out loss before training and after", () => {
  expect(rowsBelow("Held-out episodes")).toEqual([
    ["reacher", "joint", "30", "3.1111", "0.4444"],
    ["pusher", "joint", "31", "2.2222", "0.5555"],
  ]);
});

it("says what leaks, by kind of padding and where, and which kinds there are none of", () => {
  expect(rowsBelow("Audit")).toEqual([
    ["action-dims", "378", "clean", "clean", "clean", "clean"],
    ["action-steps", "189", "clean", "clean", "clean", "clean"],
    ["state-dims", "45", "clean", "clean", "clean", "clean"],
    ["views", "17", "clean", "clean", "0.0625 at batch/collate.ts: images", "clean"],
    ["prompt-tokens", "3", "clean", "clean", "clean", "clean"],
  ]);
  expect(page).toContain("Padding leaks: something above depends on cells that do not exist.");
  expect(page).toContain(
    "Not in this mixture: history, response-tokens, metadata-tokens, subgoals, action-tokens, robotless-samples, filler-rows.",
  );
  expect(demoReport({ ...story, audit: { ...story.audit, clean: true } })).not.toContain("Padding leaks");
});

it("says how long each part took, and all", () => {
  expect(rowsBelow("Where the time went")).toEqual([
    ["record", "12.0"],
    ["train", "34.0"],
    ["in all", "46.0"],
  ]);
});
