import { open, rm, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { openParameters, type StoredParameters } from "../checkpoint/stored-parameters.ts";
import { tokenizerMetadata, tokenizerText } from "../codec/tokenizer-file.ts";
import { cells } from "../graph/axes.ts";
import { GraphLowering } from "../graph/lowering.ts";
import { encodeModel, type OnnxGraph, type OnnxStoredTensor, type OnnxTensor } from "../graph/onnx.ts";
import { InputError } from "../input-error.ts";
import { makeFolder } from "../make-folder.ts";
import type { Parameter } from "../nn/parameter.ts";
import type { Chunking } from "../objective/chunking.ts";
import type { PictureType } from "../policy/inputs.ts";
import { settingOf } from "../recipe/plan.ts";
import type { Recipe } from "../recipe/schema.ts";
import { Rules } from "../validity/rules.ts";
import { type ChunkingName, chunkingOf, chunkingProblem } from "./chunking.ts";
import { exportedRecord } from "./exported-record.ts";
import { type FoundPolicy, findPolicy, manifestOf } from "./load.ts";
import type { ServedRobot } from "./robot.ts";
import { robotMetadata } from "./robot-metadata.ts";
import { type RobotProgramChoice, robotInputs, robotProgram } from "./robot-program.ts";

/** A run, and which program is made of its policy. */
export interface ProgramChoice {
  readonly run: string;
  /** The robot that it acts for, by its dataset, with its control mode if it has several; `null` where there is only one. */
  readonly robot: string | null;
  readonly pictures: PictureType;
  /** How its chunks may go on from those before them. */
  readonly chunking: ChunkingName;
}

/** The same, and the file that it goes to. */
export interface OnnxExport extends ProgramChoice {
  readonly file: string;
  /** Weights of more bytes stand in a file beside it. */
  readonly mostBytes: number;
}

/** What has been written. */
export interface ExportedProgram {
  readonly step: number;
  readonly robot: string;
  /** The file beside it; `null` where weights stand in the one file. */
  readonly weights: string | null;
  readonly bytes: number;
  readonly inputs: OnnxGraph["inputs"];
}

/** protobuf ends a file at 2 GiB; the graph around the weights takes some of it. */
export const mostBytesInside = 2 ** 31 - 2 ** 26;

/**
 * Writes a policy as one ONNX file that makes a chunk of actions for one robot: from its own state, pictures and prompt to actions in its own
 * units, in operators of the standard alone. What to feed stands in its metadata.
 *
 * @throws InputError where the run has no such robot, its policy says actions as tokens, its chunks cannot go on so, or a file stands there already
 */
export async function exportOnnx({ file, mostBytes, ...choice }: OnnxExport): Promise<ExportedProgram> {
  return await withProgram(choice, async ({ step, robot, ...program }) => {
    const written = await writeProgram({ file, mostBytes, ...program });
    return { ...written, step, robot: robot.name, inputs: program.graph.inputs };
  });
}

/**
 * The same as the bytes of a file, which is written nowhere.
 *
 * @throws InputError as `exportOnnx`, or where its weights need a file beside it
 */
export async function onnxBytes(choice: ProgramChoice): Promise<Uint8Array> {
  return await withProgram(choice, async ({ parameters, stored, graph, metadata }) => {
    const bytes = weightBytes(parameters);
    if (bytes > mostBytesInside)
      throw new InputError(`${choice.run}: expected weights of at most ${mostBytesInside} bytes, got ${bytes}`);
    const own = await readTensors(parameters, stored);
    return encodeModel({ ...graph, initializers: [...own, ...graph.initializers] }, metadata);
  });
}

/** A policy as a program for one robot, whose weights stand in the run. */
interface RobotPolicy extends Pick<Written, "parameters" | "stored" | "graph" | "metadata"> {
  readonly step: number;
  readonly robot: ServedRobot;
}

async function withProgram<R>(
  { run, robot, pictures, chunking }: ProgramChoice,
  use: (program: RobotPolicy) => Promise<R>,
): Promise<R> {
  const found = await findPolicy(run);
  if (found.form === "program")
    throw new InputError(`${run}: expected a run to export, got what has been exported already`);
  const own = robotNamed(found, robot);
  const plain = settingOf({ recipe: found.recipe, rules: Rules.all }, 1);
  const setting = { ...plain, pictures, chunking: chunkingOf(chunking) };
  if (setting.form.head.kind === "none")
    throw new InputError(
      `${found.checkpoint}: expected a policy whose flow makes actions, got "${found.recipe.policy.variant}", which says them as tokens ` +
        "that a codec reads; serve it instead",
    );
  const problem = chunkingProblem(setting.chunking, found.recipe);
  if (problem !== null) throw new InputError(`${found.checkpoint}: ${problem}`);
  const manifest = await manifestOf(found);
  const { parameters, graph } = programGraph({ setting, robot: own, frame: found.recipe.data.actions });
  const stored = await openParameters(found.checkpoint, manifest, found.recipe.validation.weights);
  try {
    const metadata = {
      ...robotMetadata(found, own, graph.inputs),
      ...exportedRecord(manifest, own, chunking),
      ...tokenizerOf(found.recipe),
    };
    return await use({ parameters, stored, graph, metadata, step: found.step, robot: own });
  } finally {
    await stored.close();
  }
}

/** A program without its weights, which are none of its inputs. */
function programGraph(choice: RobotProgramChoice) {
  const { parameters, actions } = robotProgram(choice);
  const lowering = new GraphLowering(new Map(), operatorsOf(choice.setting.chunking));
  const graph = lowering.graph(new Map([[robotInputs.actions, actions]]));
  const isWeight = new Set(parameters.map(({ name }) => name));
  return { parameters, graph: { ...graph, inputs: inOrder(graph.inputs.filter(({ name }) => !isWeight.has(name))) } };
}

/** A flow that is guided by the whole gradient takes one in its program. */
function operatorsOf(chunking: Chunking | undefined) {
  return chunking?.kind === "guided" && chunking.gradient === "whole" ? "standard with gradients" : "standard";
}

/** The file of the policy's tokenizer, by which texts become tokens where the run is not. */
function tokenizerOf({ policy: { tokenizer } }: Recipe): Readonly<Record<string, string>> {
  return typeof tokenizer === "object" ? { [tokenizerMetadata]: tokenizerText(tokenizer) } : {};
}

/** Sensors first, then the prompt, what is left of the chunk before, noise; beside each what says that it is there. */
function inOrder(inputs: OnnxGraph["inputs"]): OnnxGraph["inputs"] {
  const ranks = [
    robotInputs.state,
    robotInputs.picture(""),
    robotInputs.history,
    robotInputs.prompt,
    robotInputs.before,
    robotInputs.held,
    robotInputs.noise,
  ];
  const rank = (name: string) => ranks.findIndex((own) => name.startsWith(own));
  return [...inputs].sort((one, other) => rank(one.name) - rank(other.name) || (one.name < other.name ? -1 : 1));
}

/** @throws InputError where none or several fit */
function robotNamed({ checkpoint, robots }: FoundPolicy, name: string | null): ServedRobot {
  const namesOf = ({ dataset, embodiment }: ServedRobot) => [dataset, `${dataset} / ${embodiment.controlMode}`];
  const fitting = robots.filter((robot) => name === null || namesOf(robot).includes(name));
  const [found] = fitting;
  if (found !== undefined && fitting.length === 1) return found;
  throw new InputError(
    `${checkpoint}: expected one robot to export for, got ${fitting.length}; name it with --robot ` +
      `(${robots.map((robot) => `"${namesOf(robot)[1]}"`).join(", ")})`,
  );
}

interface Written {
  readonly file: string;
  readonly mostBytes: number;
  readonly parameters: readonly Parameter[];
  readonly stored: StoredParameters;
  /** Without the weights, which are none of its inputs. */
  readonly graph: OnnxGraph;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Leaves nothing where it fails. */
async function writeProgram(given: Written): Promise<Pick<ExportedProgram, "weights" | "bytes">> {
  const { file, mostBytes, parameters, stored, graph, metadata } = given;
  const bytes = weightBytes(parameters);
  const texts = Object.values(metadata).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const weights = bytes + texts > mostBytes ? `${file}.data` : null;
  await makeFolder(dirname(file));
  const made: string[] = [];
  try {
    const own =
      weights === null
        ? await readTensors(parameters, stored)
        : await writeTensors({ path: weights, made, parameters, stored });
    const model = encodeModel({ ...graph, initializers: [...own, ...graph.initializers] }, metadata);
    await refusingPresent(file, () => writeFile(file, model, { flag: "wx" }));
    return { weights, bytes: model.byteLength + (weights === null ? 0 : bytes) };
  } catch (error) {
    for (const path of made) await rm(path, { force: true });
    throw error;
  }
}

function weightBytes(parameters: readonly Parameter[]): number {
  return parameters.reduce((sum, { shape }) => sum + 4 * cells(shape), 0);
}

async function readTensors(parameters: readonly Parameter[], stored: StoredParameters): Promise<OnnxTensor[]> {
  const tensors: OnnxTensor[] = [];
  for (const { name, shape } of parameters) {
    const own = new Float32Array(cells(shape));
    const bytes = new Uint8Array(own.buffer);
    let at = 0;
    for await (const piece of stored.piecesOf(name)) {
      bytes.set(piece, at);
      at += piece.length;
    }
    tensors.push({ name, type: "float32", shape, cells: own });
  }
  return tensors;
}

interface Beside extends Pick<Written, "parameters" | "stored"> {
  readonly path: string;
  /** Takes the path once the file is there. */
  readonly made: string[];
}

/** One tensor behind the other, in pieces, so that they may be larger than the memory. */
async function writeTensors({ path, made, parameters, stored }: Beside): Promise<OnnxStoredTensor[]> {
  const target = await refusingPresent(path, () => open(path, "wx"));
  made.push(path);
  try {
    const tensors: OnnxStoredTensor[] = [];
    let offset = 0;
    for (const { name, shape } of parameters) {
      const length = 4 * cells(shape);
      for await (const piece of stored.piecesOf(name)) await target.writeFile(piece);
      tensors.push({ name, type: "float32", shape, stored: { file: basename(path), offset, length } });
      offset += length;
    }
    await target.sync();
    return tensors;
  } finally {
    await target.close();
  }
}

async function refusingPresent<R>(path: string, make: () => Promise<R>): Promise<R> {
  return await make().catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "EEXIST")
      throw new InputError(`${path}: expected a new file, got one that is there; it is left as it is`);
    throw error;
  });
}
