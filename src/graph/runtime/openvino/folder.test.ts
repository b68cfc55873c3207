import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openvinoLibraries } from "./folder.ts";

test.runIf(process.platform === "linux")("without OpenVINO a command says how to bring it", () => {
  const before = process.env.ARMATURE_OPENVINO;
  const folder = mkdtempSync(join(tmpdir(), "armature-openvino-"));
  process.env.ARMATURE_OPENVINO = folder;
  try {
    expect(openvinoLibraries).toThrow(
      `bf16: expected OpenVINO 2026.4.0 in ${folder} (or where ARMATURE_OPENVINO says), got no ${folder}/openvino/libs/libtbb.so.12; ` +
        `bring it: ./armature doctor --install openvino`,
    );
  } finally {
    if (before === undefined) delete process.env.ARMATURE_OPENVINO;
    else process.env.ARMATURE_OPENVINO = before;
    rmSync(folder, { recursive: true });
  }
});
