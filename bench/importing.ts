import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lerobotConfig } from "../src/checkpoint/export/lerobot-config.ts";
import { belowModule, foreignTensors } from "../src/checkpoint/import/names.ts";
import { openpiNames } from "../src/checkpoint/import/openpi.ts";
import type { CommandOutcome } from "../src/command/definition.ts";
import { root } from "../src/command/root.ts";
import type { Terminal } from "../src/command/terminal.ts";
import { everyParameter } from "../src/objective/objective.ts";
import { policyForm } from "../src/policy/policy.ts";
import { variants } from "../src/policy/variant.ts";
import { Rules } from "../src/validity/rules.ts";

/** π0 as it was published, in bfloat16, as LeRobot saves it. */
const [horizon, width, tokens, picture] = [50, 32, 48, 224];

/** What importing a checkpoint takes: a file is written, imported by the command, and deleted. */
export async function benchImport(terminal: Terminal): Promise<CommandOutcome> {
  const folder = await mkdtemp(join(tmpdir(), "armature-bench-"));
  try {
    terminal.err.write("import: writing a checkpoint\n");
    const bytes = await writeCheckpoint(folder);
    terminal.err.write("import: reading it\n");
    const begun = performance.now();
    const peak = await importedIn(folder);
    const seconds = (performance.now() - begun) / 1000;
    const json = { bytes, seconds, peakBytes: peak };
    const text = `${(bytes / 1e9).toFixed(2)} GB in bfloat16: ${seconds.toFixed(0)} s, at most ${(peak / 2 ** 20).toFixed(0)} MiB of memory`;
    return { status: 0, json, text };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The shapes of π0's tensors by name. */
function tensors() {
  const variant = variants.pi0;
  const form = policyForm(variant, "base", {
    vocabulary: 257_152,
    parts: [],
    embodiments: 1,
    crossAttentionKeys: "real",
    horizon,
    actionSight: "both",
    pastEnd: "taught",
  });
  const layout = {
    rows: 1,
    steps: horizon,
    actionWidth: width,
    stateWidth: width,
    views: 1,
    observations: 1,
    tokens,
    actionTokens: 0,
    pictureSize: picture,
  };
  const own = { unrealInput: "noise", rules: Rules.all, hidden: "plain", pictures: "uint8" } as const;
  return foreignTensors(belowModule("model", openpiNames), everyParameter({ form, layout, ...own }));
}

/** Writes `config.json` and `model.safetensors`; gives the bytes of the second. */
async function writeCheckpoint(folder: string): Promise<number> {
  const form = { states: 7, actions: 7, cameras: ["observation.images.top"], promptTokens: tokens, horizon, picture };
  const kind = { type: "pi0", integrationSteps: 10 } as const;
  const modes = { state: "identity", action: "identity" } as const;
  const config = { ...form, kind, stateWidth: width, actionWidth: width, modes, epsilon: 1e-8 } as const;
  await writeFile(join(folder, "config.json"), JSON.stringify(lerobotConfig(config)));
  let end = 0;
  const entries = tensors().map(({ name, shape }) => {
    const begin = end;
    end += 2 * shape.reduce((product, size) => product * size, 1);
    return [name, { dtype: "BF16", shape, data_offsets: [begin, end] }] as const;
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  // Numbers of about a hundredth, each its own: no file system makes fewer of them.
  const piece = Uint16Array.from({ length: 1 << 23 }, (_, at) => 0x3c00 + ((at * 40_503) % 0x200));
  const bytes = new Uint8Array(piece.buffer);
  const file = await open(join(folder, "model.safetensors"), "wx");
  try {
    await file.writeFile(length);
    await file.writeFile(header);
    for (let at = 0; at < end; at += bytes.length)
      await file.writeFile(bytes.subarray(0, Math.min(bytes.length, end - at)));
    await file.sync();
  } finally {
    await file.close();
  }
  return 8 + header.length + end;
}

/** The most memory that the command has while it imports, in bytes. */
async function importedIn(folder: string): Promise<number> {
  const telling = 'process.on("exit",()=>process.stderr.write("most "+process.resourceUsage().maxRSS))';
  const words = ["import", folder, "--out", join(folder, "run"), "--json"];
  const child = spawn(
    process.execPath,
    ["--import", `data:text/javascript,${encodeURIComponent(telling)}`, join(root, "src/command/main.ts"), ...words],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [status] = await once(child, "close");
  const most = /most (\d+)$/.exec(said);
  if (status !== 0 || most === null) throw new Error(`bench import: expected it to end well, got ${status}: ${said}`);
  return Number(most[1]) * 1024;
}
