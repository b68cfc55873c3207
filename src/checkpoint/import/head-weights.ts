import { letters } from "../../graph/axes.ts";
import { initialValues, type ParameterForm } from "../../nn/parameter.ts";
import type { StreamedParameters } from "../weights.ts";
import { floatCellsOf } from "./foreign.ts";
import type { ForeignHead } from "./imported.ts";
import { checkTensors, type ForeignTensor, foreignTensors, unreadTensors } from "./names.ts";
import { rearrange } from "./rearrange.ts";
import type { TensorSource } from "./tensor-source.ts";

/** Weights of another project on their way to a run. */
export interface ImportedWeights {
  readonly streamed: StreamedParameters;
  readonly unread: readonly string[];
  /** What the user should know. */
  readonly notes: readonly string[];
}

/**
 * The weights of a policy with an action head of another project: the head's from its files, the backbone's as they begin here, since the
 * vision-language model of the files is none of ours.
 *
 * @param forms of the whole policy, with as many sets of weights by embodiment as the run has robots
 * @param seed of the initial weights of the backbone
 * @throws InputError as `checkTensors`
 */
export function headWeights(
  source: TensorSource,
  head: ForeignHead,
  forms: readonly ParameterForm[],
  seed: number,
): ImportedWeights {
  const { embodiments, embodiment, names } = head;
  const own = forms.filter(({ name }) => name.startsWith("groot.")).map((form) => ofEvery(form, embodiments));
  const wanted = foreignTensors(names, own);
  checkTensors(source.folder, names, wanted, source.shapes);
  const tensorOf = new Map(wanted.map((tensor) => [tensor.parameter, tensor]));
  const formOf = new Map(forms.map((form) => [form.name, form]));
  const piecesOf = (name: string) => pieces(source, formOf.get(name)!, tensorOf.get(name), { embodiment, seed });
  const isLeft = (name: string) => (names.left ?? []).some((module) => name.startsWith(`${module}.`));
  const unread = unreadTensors(names, wanted, source.shapes);
  return {
    streamed: { forms: formOf, piecesOf },
    unread: unread.filter((name) => !isLeft(name)),
    notes: notesOf(head, unread.filter(isLeft).length),
  };
}

function notesOf({ embodiments, embodiment, size, cameras }: ForeignHead, left: number): string[] {
  const width = typeof size === "string" ? "" : `, ${size.backbone.width} wide,`;
  return [
    `the vision-language model before the action head is none of ours: ${left} tensors stay behind, and a backbone of ours${width} begins untrained`,
    `of ${embodiments} embodiments, the weights of number ${embodiment} were taken`,
    ...(cameras.length > 0 ? [] : ["no file says its cameras, so that it sees nothing: name them with --camera"]),
  ];
}

/** A form with all sets of weights that the files have. */
function ofEvery(form: ParameterForm, embodiments: number): ParameterForm {
  return isByEmbodiment(form) ? { ...form, shape: [embodiments, ...form.shape.slice(1)] } : form;
}

function isByEmbodiment({ axes }: ParameterForm): boolean {
  return letters(axes)[0] === "u";
}

async function* pieces(
  source: TensorSource,
  form: ParameterForm,
  tensor: ForeignTensor | undefined,
  { embodiment, seed }: { readonly embodiment: number; readonly seed: number },
): AsyncIterable<Uint8Array> {
  if (tensor === undefined) {
    for (const { cells } of initialValues([form], seed).values()) yield bytesOf(cells);
    return;
  }
  if (!isByEmbodiment(form)) {
    yield* source.pieces(tensor.name);
    return;
  }
  const { shape, cells } = await source.read(tensor.name);
  const ours = rearrange(floatCellsOf(source, tensor.name, cells), shape, tensor.axes, form.axes);
  const size = ours.length / shape[0]!;
  for (let set = 0; set < form.shape[0]!; set++)
    yield bytesOf(ours.subarray(embodiment * size, (embodiment + 1) * size));
}

function bytesOf(cells: Float32Array): Uint8Array {
  return new Uint8Array(cells.buffer, cells.byteOffset, cells.byteLength);
}
