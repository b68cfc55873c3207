import { expect, it } from "vitest";
import { Asking } from "./asking.ts";

it("counts who asked within ten seconds and has not left, each once", () => {
  const asking = new Asking();
  expect(asking.count).toBe(0);
  asking.asks(0, 0);
  asking.asks(0, 5);
  asking.asks(3, 4000);
  expect(asking.count).toBe(2);
  asking.asks(3, 10_005);
  expect(asking.count).toBe(2);
  asking.asks(3, 10_006);
  expect(asking.count).toBe(1);
  asking.leaves(3);
  asking.leaves(0);
  expect(asking.count).toBe(0);
});
