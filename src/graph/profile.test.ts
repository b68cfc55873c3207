import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { input } from "./array.ts";
import { zeros } from "./host-array.ts";
import { add, negate } from "./op/elementwise.ts";
import { Program } from "./program.ts";

test("a profile counts the operators of each run and gives them their time", async () => {
  const x = input("x", "i j", [256, 256], "float32");
  const program = await Program.compile(
    { y: add(negate(add(x, x)), x) },
    { device: "cpu", threads: 1, fixed: new Map(), profile: join(tmpdir(), `armature-profile-test-${process.pid}`) },
  );
  const feeds = new Map([["x", zeros("i j", [256, 256], "float32")]]);
  for (let run = 0; run < 3; run++) await program.run(feeds, new Map([["y", zeros("i j", [256, 256], "float32")]]));
  const times = program.takeProfile();
  program.release();
  expect(Object.fromEntries(times.map(({ operator, calls }) => [operator, calls]))).toEqual({ Add: 6, Neg: 3 });
  expect(times.every(({ ms }) => ms > 0)).toBe(true);
});
