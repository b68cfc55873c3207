import type { LibrarySet } from "../cache-folder.ts";
import type { DeviceReport } from "../doctor/devices.ts";
import type { InstalledLibraries } from "../doctor/install.ts";
import type { Fact } from "../doctor/machine.ts";
import type { SoftwarePart } from "../doctor/software.ts";
import { programCall } from "../own-package.ts";
import { type CommandOutcome, define } from "./definition.ts";
import { choice, count, flag, otherwise } from "./parameter.ts";
import type { Screen } from "./terminal.ts";
import { watched } from "./watched.ts";

const devices = ["cpu", "webgpu", "cuda"] as const;
const librarySets = ["cuda", "openvino"] as const;

export const doctor = define({
  name: "doctor",
  summary: "say what this machine has, and whether its devices compute rightly: what a report of a problem begins with",
  arguments: {},
  options: {
    device: otherwise(choice("device", "that is examined; left out, each that is there", devices), null),
    threads: otherwise(count("threads", "that the processor computes with"), 2),
    quick: flag("say what there is, and have no device compute"),
    install: otherwise(
      choice(
        "libraries",
        "that are brought from the Python package index (PIP_INDEX_URL), without Python",
        librarySets,
      ),
      null,
    ),
  },
  examples: [
    {
      line: "doctor",
      shows: "processor, memory, packages and devices, each device tried; exit status 1 where one is wrong",
    },
    { line: "doctor --quick", shows: "the same in a second, without a trial" },
    { line: "doctor --device webgpu", shows: "the same, of devices only the one by WebGPU" },
    { line: "doctor --json > doctor.json", shows: "the same for programs" },
    {
      line: "doctor --install cuda",
      shows:
        "NVIDIA's libraries and ONNX Runtime's part for them, 0.8 GB to fetch, into the cache folder or where ARMATURE_CUDA says",
    },
    {
      line: "doctor --install openvino",
      shows: "OpenVINO, which --precision bf16 computes with, 60 MB, likewise (ARMATURE_OPENVINO)",
    },
  ],
  async run(given, { err }) {
    if (given.install !== null) return await installed(given.install, err);
    const { machineFacts } = await import("../doctor/machine.ts");
    const { packageVersion, softwareParts } = await import("../doctor/software.ts");
    const facts = [
      ...(await machineFacts()),
      { name: "ONNX Runtime", found: packageVersion("onnxruntime-node") ?? "none" },
    ];
    const { libraryParts } = await import("../doctor/library-set.ts");
    const parts = [...(await softwareParts()), ...(await libraryParts())];
    const asked = given.quick ? [] : devices.filter((device) => given.device === null || given.device === device);
    const reports: DeviceReport[] = [];
    for (const device of asked) {
      const { examineDevice } = await import("../doctor/devices.ts");
      const job = { screen: err, label: `doctor ${device}`, unit: "policy" };
      reports.push(await watched(job, (seen) => examineDevice({ device, threads: given.threads }, seen)));
    }
    const isWrong = reports.some(({ state }) => state === "wrong");
    const text = [factLines(facts), partLines(parts), ...reports.map(deviceLines)].join("\n\n");
    return { status: isWrong ? 1 : 0, json: { machine: facts, parts, devices: reports }, text };
  },
});

async function installed(set: LibrarySet, screen: Screen): Promise<CommandOutcome> {
  const { installLibraries, wheelPlatform } = await import("../doctor/install.ts");
  const { packagesOf } = await import("../doctor/library-set.ts");
  const request = { set, packages: packagesOf(set), platform: wheelPlatform(set) };
  const inMegabytes = (bytes: number) => Math.round(bytes / 1e6);
  const libraries = await watched({ screen, label: `fetch ${set}`, unit: "MB" }, (seen) =>
    installLibraries(request, (done, of) => seen(inMegabytes(done), inMegabytes(of))),
  );
  return { status: 0, json: libraries, text: installedLines(libraries) };
}

/** What was brought, or was there, by package; and what it is for. */
export function installedLines({ set, folder, isNew, packages, bytes }: InstalledLibraries): string {
  const size = (count: number) => `${(count / 1e6).toFixed(0)} MB`;
  const each = packages.map(({ name, version, bytes }) => `  ${`${name} ${version}`.padEnd(32)}${size(bytes)}`);
  const use = { cuda: "doctor --device cuda", openvino: "train … --precision bf16" }[set];
  const title = `${set}: ${size(bytes)} of libraries ${isNew ? "brought to" : "are there already, in"} ${folder}`;
  return [title, ...each, `  try them: ${programCall} ${use}`].join("\n");
}

const titleWidth = 18;

function factLines(facts: readonly Fact[]): string {
  return facts.map(({ name, found }) => name.padEnd(titleWidth) + found).join("\n");
}

function partLines(parts: readonly SoftwarePart[]): string {
  return parts.map(({ name, found, brings }) => name.padEnd(titleWidth) + (found ?? `none; for ${brings}`)).join("\n");
}

/** A device in a line, and a line for each thing that it computes wrong. */
export function deviceLines(report: DeviceReport): string {
  const title = report.device.padEnd(titleWidth);
  if (report.state === "absent") return `${title}not there: ${report.why}`;
  const { operators, seconds, findings, state } = report;
  const took = `${operators} operators and their programs as a whole in ${seconds.toFixed(0)} s`;
  if (state === "right") return `${title}computes as it should: ${took}`;
  const lines = findings.map(({ policy, program, operator, difference }) => {
    const what = operator ?? `the ${program} program as a whole, though each operator alone is right,`;
    const how = Number.isFinite(difference)
      ? `is off by ${difference.toPrecision(2)} of its largest cell`
      : "gives cells that are no number, or whose bits differ from time to time";
    return `  ${what} ${how} (${policy}, ${program})`;
  });
  return [`${title}computes WRONG, and is not to be used: ${took}`, ...lines].join("\n");
}
