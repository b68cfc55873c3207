import fc from "fast-check";
import { expect, test } from "vitest";
import { arrivalBytes, decodeArrival, encodeArrival, isSameMeeting } from "./arrival.ts";

test("notes are of one size and undo each other; long purposes are cut alike on both sides", () => {
  const purposes = fc.string({ unit: "grapheme", maxLength: 80 });
  fc.assert(
    fc.property(fc.nat(), fc.nat(2 ** 40), purposes, (number, bytes, purpose) => {
      const arrival = { number, bytes, purpose };
      const note = encodeArrival(arrival);
      const decoded = decodeArrival(note);
      expect(note.length).toBe(arrivalBytes);
      expect(decoded).toMatchObject({ number, bytes });
      expect(purpose.startsWith(decoded.purpose.split("\0")[0]!)).toBe(true);
      expect(isSameMeeting(arrival, decoded)).toBe(true);
      expect(isSameMeeting(arrival, { ...decoded, number: number + 1 })).toBe(false);
    }),
  );
});

test("meetings for two purposes are not the same", () => {
  const meeting = { number: 3, bytes: 0, purpose: "counts" };
  expect(isSameMeeting(meeting, { ...meeting, purpose: "losses" })).toBe(false);
  expect(decodeArrival(encodeArrival(meeting))).toEqual(meeting);
});
