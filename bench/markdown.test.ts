import { expect, it } from "vitest";
import { markdownTable } from "./markdown.ts";

const columns = [
  { title: "way", align: "left" },
  { title: "ms", align: "right" },
] as const;

it("aligns text left and numbers right, on the screen and where Markdown is shown", () => {
  const rows = [
    ["one pass", "615"],
    ["two", "5048.5"],
  ];
  expect(markdownTable(columns, rows)).toBe(
    ["| way      |     ms |", "|----------|-------:|", "| one pass |    615 |", "| two      | 5048.5 |"].join("\n"),
  );
});

it("refuses a row that is too short", () => {
  expect(() => markdownTable(columns, [["one pass"]])).toThrow("expected 2 cells in a row, got 1 (one pass)");
});
