import { expect, test } from "vitest";
import { Packed } from "../optimizer/packed.ts";
import { initialState, restoredState } from "../optimizer/state.ts";
import { Updater } from "../optimizer/update.ts";
import { checkUpdate } from "./update-check.ts";

const trained = [
  { name: "a", axes: "i j", shape: [3, 5], initial: { kind: "normal", deviation: 1 } },
  { name: "b", axes: "i", shape: [4], initial: { kind: "constant", value: 1 } },
] as const;
const optimizer = { betas: [0.9, 0.95], epsilon: 1e-8, weightDecay: 0.1, clip: 1, ema: 0.9 } as const;

/** A first step, and what a device is said to have made of it. */
async function stepped(device: { readonly betas: readonly [number, number]; readonly ema: number | null }) {
  const before = initialState(trained, new Set(["a", "b"]), { seed: 3, keepsAverages: true });
  const gradient = Packed.zeros(trained);
  for (const { cells } of gradient.values()) for (const at of cells.keys()) cells[at] = Math.sin(at + 1);
  const updater = await Updater.compile(trained, { ...optimizer, ...device }, { device: "cpu", threads: 1 });
  const { state: after } = await updater.step(restoredState(before), gradient, 1e-2);
  updater.release();
  return { device: "webgpu", threads: 1, trained, optimizer, learningRate: 1e-2, before, gradient, after } as const;
}

test("an update as the CPU makes it is believed", async () => {
  await checkUpdate(await stepped(optimizer));
});

test.each([
  { what: "means of the gradient", device: { ...optimizer, betas: [0.8, 0.95] as const } },
  { what: "means of its square", device: { ...optimizer, betas: [0.9, 0.9] as const } },
  { what: "averages", device: { ...optimizer, ema: 0.5 } },
])("an update with other $what is refused", async ({ what, device }) => {
  const update = await stepped(device);
  // Only what is named is wrong: the weights of a first step follow from the gradient's direction alone.
  const after = { ...update.after, trained: (await stepped(optimizer)).after.trained };
  await expect(checkUpdate({ ...update, after })).rejects.toThrow(
    new RegExp(
      `^--device webgpu: expected the ${what} that the CPU's first step leaves, .* off by [\\d.]+; take --device cpu$`,
    ),
  );
});
