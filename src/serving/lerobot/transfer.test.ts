import { expect, it } from "vitest";
import { Transfer } from "./transfer.ts";

const piece = (transferState: number, text: string) => ({ transferState, data: Buffer.from(text) });

it("a value is whole at its last piece, and a first piece begins anew", () => {
  const transfer = new Transfer(6);
  expect(transfer.add(piece(1, "lost"))).toBe(null);
  expect(transfer.add(piece(1, "ab"))).toBe(null);
  expect(transfer.add(piece(2, "cd"))).toBe(null);
  expect(transfer.add(piece(3, "ef"))?.toString()).toBe("abcdef");
  expect(new Transfer(6).add(piece(3, "whole"))?.toString()).toBe("whole");
});

it("more bytes than may be, and a piece without a place, are refused", () => {
  const transfer = new Transfer(5);
  transfer.add(piece(1, "abc"));
  expect(() => transfer.add(piece(2, "def"))).toThrow("observation: expected at most 5 bytes, got more");
  expect(() => new Transfer(5).add(piece(0, "a"))).toThrow("expected a piece at its begin, middle or end, got state 0");
});
