import { expect, it } from "vitest";
import { changedFiles, isLeft, mutatedFolders } from "./folder.ts";

it("a folder within another is sampled by itself: its files are not the other's", () => {
  const named = (name: string) => mutatedFolders.find((folder) => folder.name === name)!;
  const [serving, protocol] = [named("serving"), named("serving/protocol")];
  const [inside, outside] = ["src/serving/protocol/keys.ts", "src/serving/protocols.ts"];
  expect([serving, protocol].map((folder) => isLeft(folder, inside))).toEqual([true, false]);
  expect(changedFiles(serving)).toContain("!src/serving/protocol/**");
  expect(changedFiles(protocol)[0]).toBe("src/serving/protocol/**/*.ts");
  expect([isLeft(serving, outside), isLeft(serving, "src/serving/rollout-worker.ts")]).toEqual([false, true]);
});
