import { expect, it } from "vitest";
import { InputError } from "./input-error.ts";
import { decodeError, encodeError } from "./plain-error.ts";

const across = (thrown: unknown) => decodeError(structuredClone(encodeError(thrown)), "a worker");

it("the user's mistake stays one across a border between threads, with its words", () => {
  const error = across(new InputError("batch.size: expected 4, got 5"));
  expect(error).toBeInstanceOf(InputError);
  expect(error.message).toBe("batch.size: expected 4, got 5");
});

it("a fault of the program stays one, and keeps where it came from", () => {
  const error = across(new RangeError("no such row"));
  expect(error).not.toBeInstanceOf(InputError);
  expect(error.message).toMatch(/^a worker failed: RangeError: no such row\n +at .*plain-error.test.ts/);
  expect(across("text").message).toBe("a worker failed: text");
});
