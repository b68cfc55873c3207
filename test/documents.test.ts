import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../src/command/root.ts";
import { axisNames } from "../src/graph/axes.ts";
import { folderOrder } from "../tools/check/direction.ts";

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** Names of folders at one depth of the map: lines such as `      graph/   symbolic arrays`. */
function mapped(indent: number): string[] {
  const line = new RegExp(`^ {${indent}}(\\w+)/`, "gm");
  return [...read("README.md").matchAll(line)].map((match) => match[1] ?? "");
}

describe("the map in the README", () => {
  const present = new Set(globSync("src/*/**/*.ts", { cwd: root }).map((path) => path.split("/")[1] ?? ""));

  it("names every folder of src/ and no other", () => {
    expect(mapped(6).sort()).toEqual([...present].sort());
  });

  it("lists them in the order in which they may import each other", () => {
    expect(mapped(6)).toEqual(folderOrder.filter((folder) => present.has(folder)));
  });

  it("names only folders that exist beside src/", () => {
    for (const folder of mapped(4)) expect(existsSync(join(root, folder)), folder).toBe(true);
  });
});

it("the table of axes in the conventions is the alphabet of the code", () => {
  const rows = [...read("docs/conventions.md").matchAll(/^\| `(\w)` \| (.+) \|$/gm)];
  expect(rows.map((row) => [row[1], row[2]])).toEqual(Object.entries(axisNames));
});

it("every link between the documents leads to a file", () => {
  for (const path of ["README.md", ...globSync("docs/**/*.md", { cwd: root })])
    for (const link of read(path).matchAll(/\]\((?!https?:)([^)#]+)/g)) {
      const target = join(root, dirname(path), link[1] ?? "");
      expect(existsSync(target), `${path} links to ${link[1]}`).toBe(true);
    }
});
