import { expect, it } from "vitest";
import { wrap } from "./wrap.ts";

it("words fill lines up to the screen's width, the later ones indented", () => {
  expect(wrap("  note a: bb ccc dddd", 12, "    ")).toBe("  note a: bb\n    ccc dddd");
  expect(wrap("  note a: bb ccc dddd", 11, "    ")).toBe("  note a:\n    bb ccc\n    dddd");
});

it("a word that is wider than the screen stands alone, and what is no screen gets one line", () => {
  expect(wrap("a observation.images b", 8, "  ")).toBe("a\n  observation.images\n  b");
  expect(wrap("  a b", null, "")).toBe("  a b");
});
