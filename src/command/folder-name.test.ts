import { expect, it } from "vitest";
import { folderNames } from "./folder-name.ts";

it("a folder is called by its own name, or by as much of its path as tells it from the others", () => {
  expect(folderNames(["/data/pusht/", "/data/aloha", "hf://lerobot/pusht"])).toEqual([
    "pusht",
    "aloha",
    "lerobot/pusht",
  ]);
  expect(folderNames(["/a/x/d", "/b/x/d", "/c/y/d", "/c/e"])).toEqual(["a/x/d", "b/x/d", "y/d", "e"]);
  expect(folderNames(["/a/d", "/a/d"])).toEqual(["/a/d", "/a/d"]);
});
