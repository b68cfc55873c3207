import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

/** Bugs of the field that a padded mixture has met, by project and number. */
const bugs = [
  ...[345, 344, 253, 373, 468, 465, 365, 498, 503, 510, 396].map((issue) => `OpenTau ${issue}:`),
  ...["openpi 681", "PR 894", "openpi PR 871", "openpi fork"],
  ...["dilution:", "an example batch is not all padding", "a mask that only one adapter extracts"],
  ...["ALOHA", "DROID", "LIBERO", "the mask is the one of the batch", "no field is lost"],
  ...["LeRobot 3353", "LeRobot 3377", "LeRobot 3433", "physical-ai-studio 873"],
  ...["lingbot-vla 62", "lingbot-vla-v2 19", "GR00T 417"],
  "existence is no hint:",
];

it.each(bugs)("%s has a trap", (bug) => {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith(".test.ts") && file !== "list.test.ts");
  const texts = files.map((file) => readFileSync(join(import.meta.dirname, file), "utf8"));
  expect(texts.filter((text) => text.includes(bug)).length).toBeGreaterThan(0);
});
