import { writeSafetensorsInPieces } from "../src/checkpoint/safetensors.ts";
import { cells } from "../src/graph/axes.ts";
import { stream } from "../src/graph/random.ts";
import type { ParameterForm } from "../src/nn/parameter.ts";
import { traceActions } from "../src/objective/objective.ts";
import type { Setting } from "../src/objective/traced.ts";
import { publishedSetting } from "../src/recipe/published-setting.ts";

/** Policies whose flow makes actions, and their sizes. */
export const weightVariants = ["smolvla", "pi0", "pi05"] as const;
export type WeightVariant = (typeof weightVariants)[number];

export const sizes = ["tiny", "base"] as const;

export const weightFile = "weights.safetensors";

/** One robot with two cameras. */
export function settingOf(variant: WeightVariant, size: (typeof sizes)[number]): Setting {
  const setting = publishedSetting(variant, size, 1);
  return { ...setting, layout: { ...setting.layout, views: 2 } };
}

/** Normal numbers that each weight takes a part of: to draw half a billion would take minutes. */
const drawn = 2 ** 22;
const piece = 2 ** 20;

/** Writes the weights of a policy that nobody trained, of the deviations that training begins with. */
export async function writeWeights(path: string, setting: Setting): Promise<void> {
  const numbers = new Float32Array(drawn);
  stream(1, "bench weights").fillNormal(numbers, 0, 0, 0);
  const { parameters } = traceActions(setting);
  const forms = new Map(parameters.map((form) => [form.name, form]));
  const tensors = new Map(parameters.map(({ name, shape }) => [name, { shape, type: "float32" as const }]));
  let at = 0;
  async function* piecesOf(name: string) {
    const form = forms.get(name)!;
    for (let left = cells(form.shape); left > 0; left -= piece) {
      at = (at + 7919) % (drawn - piece);
      const part = numbers.subarray(at, at + Math.min(left, piece)).map((number) => weightOf(form, number));
      yield new Uint8Array(part.buffer);
    }
  }
  await writeSafetensorsInPieces(path, tensors, piecesOf, "in blocks");
}

function weightOf({ initial }: ParameterForm, number: number): number {
  switch (initial.kind) {
    case "constant":
      return initial.value;
    case "normal":
      return initial.deviation * number;
    case "sincos2d":
      return number;
  }
}
