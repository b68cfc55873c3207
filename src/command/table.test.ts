import { expect, it } from "vitest";
import { table } from "./table.ts";

it("sets text left and numbers right, as wide as the widest cell", () => {
  const printed = table(
    [
      { title: "dataset", align: "left" },
      { title: "loss", align: "right" },
      { title: "note", align: "left" },
    ],
    [
      ["pusht", "0.4", ""],
      ["unitree_g1", "12.25", "new"],
    ],
  );
  expect(printed).toBe(
    ["dataset      loss  note", "──────────  ─────  ────", "pusht         0.4", "unitree_g1  12.25  new"].join("\n"),
  );
});

it("counts a combined character once", () => {
  const accent = "e\u0301";
  expect(
    table(
      [
        { title: accent, align: "left" },
        { title: "n", align: "right" },
      ],
      [["ab", "1"]],
    ),
  ).toBe(`${accent}   n\n──  ─\nab  1`);
});

it("refuses a row with a cell too few", () => {
  expect(() => table([{ title: "a", align: "left" }], [[]])).toThrow("table: expected 1 cells in a row, got 0");
});
