import { expect, it } from "vitest";
import { type TimedAction, writeActions } from "./action-pickle.ts";
import { exchange, recordedBytes } from "./testing/exchange.ts";
import { decodeBytes } from "./wire.ts";

it("actions are pickled byte for byte as LeRobot's own server pickles them", () => {
  const actions = exchange.chunk.map(
    (action, step): TimedAction => ({ timestamp: 100.5 + step * 0.1, timestep: 3 + step, action }),
  );
  expect(writeActions(actions)).toEqual(Buffer.from(decodeBytes(recordedBytes(exchange.actions))));
});

it("one action, none, and large numbers are written as Python writes them", () => {
  expect(writeActions([]).toString("latin1")).toBe("\x80\x04\x95\x03\x00\x00\x00\x00\x00\x00\x00]\x94.");
  const one = writeActions([{ timestamp: 1, timestep: 70_000, action: [0.5] }]).toString("latin1");
  expect(one.slice(11, 14)).toBe("]\x94\x8c");
  expect(one.slice(-3)).toBe("uba.".slice(-3));
  expect(one).toContain("\x8c\x08timestep\x94J\x70\x11\x01\x00\x8c");
  const two = writeActions([{ timestamp: 1, timestep: 300, action: new Array(300).fill(0) }]).toString("latin1");
  expect(two).toContain("timestep\x94M\x2c\x01\x8c");
  expect(two).toContain("cpuq\x03M\x2c\x01Ntq\x04Q.");
  const wide = writeActions([{ timestamp: 1, timestep: 1, action: new Array(70_000).fill(0) }]).toString("latin1");
  expect(wide).toContain("cpuq\x03J\x70\x11\x01\x00Ntq\x04Q.");
});
