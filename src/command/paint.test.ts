import { Writable } from "node:stream";
import { expect, it } from "vitest";
import { paintFor } from "./paint.ts";

/** A screen as Node has it: `NO_COLOR` and terminals without colours have one bit of them. */
const screen = (isTTY: boolean, bits: number) =>
  Object.assign(new Writable({ write: (_, __, done) => done() }), { isTTY, getColorDepth: () => bits });

it("paints where colours can be seen, and nowhere else", () => {
  expect(paintFor(screen(true, 8))("cyan", "loss")).toBe("\u001b[36mloss\u001b[39m");
  expect(paintFor(screen(true, 1))("cyan", "loss")).toBe("loss");
  expect(paintFor(screen(false, 8))("dim", "loss")).toBe("loss");
});
