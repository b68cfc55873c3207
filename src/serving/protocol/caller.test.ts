import { expect, it } from "vitest";
import { callerBy } from "./caller.ts";

it("a caller is the number of its key, from 1 on, or its address where no keys are asked for", () => {
  const by = (authorization: string | undefined) => callerBy({ authorization, address: "::1" }, ["one", "two"]);
  expect(["Api-Key one", "Api-Key two", "Api-Key three", "one", undefined].map(by)).toEqual([
    "key 1",
    "key 2",
    null,
    null,
    null,
  ]);
  expect(callerBy({ authorization: "Api-Key one", address: "::1" }, null)).toBe("::1");
  expect(callerBy({ authorization: undefined, address: undefined }, null)).toBe("unknown");
});
