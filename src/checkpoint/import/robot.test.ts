import { join } from "node:path";
import { expect, it } from "vitest";
import { nothingGiven, readForeignPolicy } from "./foreign.ts";
import { factsBeside } from "./given.ts";
import { readForeignRobot } from "./robot.ts";
import { TensorSource } from "./tensor-source.ts";

const released = join(import.meta.dirname, "../../../test/parity/released");

it.each([
  // Its loss is over every dim, also over those that its robot has not.
  ["pi0/openpi", "asReleasedPi"],
  // It cuts them off.
  ["pi0", "allReal"],
  // Its loss is masked.
  ["groot_n1_7/nvidia", "allReal"],
] as const)("weights of %s were taught by the rule %s", async (name, supervision) => {
  const folder = join(released, name);
  const source = await TensorSource.open(folder);
  const policy = await readForeignPolicy(source, await factsBeside(folder, { ...nothingGiven, horizon: 6 }));
  expect((await readForeignRobot(source, policy)).supervision).toBe(supervision);
  await source.close();
});
