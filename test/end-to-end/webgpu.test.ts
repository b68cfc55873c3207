import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { armature, jsonOf, scratch, twoModes } from "./command.ts";

/** The software driver of Debian's package `chromium-common`: WebGPU without a card. */
const driver = "/usr/lib/chromium/vk_swiftshader_icd.json";
const isThere = existsSync(driver);
const skipped = isThere ? "" : ", which needs Debian's chromium-common";

let place: Awaited<ReturnType<typeof scratch>>;
beforeAll(async () => {
  process.env.VK_ICD_FILENAMES = driver;
  place = await scratch();
});
afterAll(() => place.remove());

describe.skipIf(!isThere)(`WebGPU by a software driver${skipped}`, () => {
  it("computes every operator of every policy, and their programs, as the CPU does", async () => {
    const { devices } = jsonOf(await armature("doctor", "--device", "webgpu", "--json"));
    expect(devices).toMatchObject([{ device: "webgpu", state: "right", findings: [] }]);
  }, 600_000);

  it("takes a step with every padding, and GR00T's head", async () => {
    const recipe = join(import.meta.dirname, "generated-padding.ts");
    const run = ["train", recipe, "--out", place.path("padding"), "--device", "webgpu", "--steps", "1"];
    const { loss } = jsonOf(await armature(...run, "--json"));
    expect(loss).toBeGreaterThan(0);
  }, 300_000);

  it("takes the CPU's first steps, after its gradient was checked", async () => {
    const losses = z.object({ loss: z.number() });
    const trained = async (device: string) => {
      const out = place.path(device);
      return losses.parse(
        jsonOf(await armature("train", twoModes, "--out", out, "--device", device, "--steps", "3", "--json")),
      );
    };
    const [cpu, gpu] = [await trained("cpu"), await trained("webgpu")];
    expect(gpu.loss / cpu.loss).toBeCloseTo(1, 4);
  }, 300_000);
});
