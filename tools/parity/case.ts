import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readSafetensors } from "../../src/checkpoint/safetensors.ts";
import type { Tensor } from "../../src/checkpoint/safetensors-header.ts";
import { InputError } from "../../src/input-error.ts";
import { parseInput } from "../../src/parse-input.ts";

const count = z.int().positive();

const caseSchema = z.object({
  steps: count.optional(),
  cameras_in_order: z.array(z.string()).optional(),
  stand_in_ids: z.object({ bos: z.int(), "|": z.int() }).optional(),
});

/** What another project computed with the weights of a folder: inputs, outputs and gradients by name. */
export class ReferenceCase {
  readonly #path: string;
  readonly #tensors: ReadonlyMap<string, Tensor>;
  readonly cameras: readonly string[];
  /** Euler steps; `null` where it says nothing of them. */
  readonly steps: number | null;
  /** Tokens that begin and end an answer. */
  readonly marks: { readonly begin: number; readonly end: number };

  private constructor(path: string, tensors: ReadonlyMap<string, Tensor>, said: z.infer<typeof caseSchema>) {
    this.#path = path;
    this.#tensors = tensors;
    this.cameras = said.cameras_in_order ?? [];
    this.steps = said.steps ?? null;
    this.marks = { begin: said.stand_in_ids?.bos ?? 0, end: said.stand_in_ids?.["|"] ?? 0 };
  }

  /** @throws InputError where `case.json` or `case.safetensors` is missing or malformed */
  static async read(folder: string): Promise<ReferenceCase> {
    const path = join(folder, "case.safetensors");
    const said: unknown = JSON.parse(await readFile(join(folder, "case.json"), "utf8"));
    return new ReferenceCase(
      path,
      await readSafetensors(path),
      parseInput(join(folder, "case.json"), caseSchema, said),
    );
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  /** Names that begin with a text. */
  namesFrom(prefix: string): string[] {
    return [...this.#tensors.keys()].filter((name) => name.startsWith(prefix));
  }

  shape(name: string): readonly number[] {
    return this.#tensor(name).shape;
  }

  /** Cells of a tensor as numbers. @throws InputError if there is none of that name */
  numbers(name: string): Float64Array {
    const { cells } = this.#tensor(name);
    return Float64Array.from(cells, Number);
  }

  #tensor(name: string): Tensor {
    const found = this.#tensors.get(name);
    if (found === undefined) throw new InputError(`${this.#path}: expected a tensor "${name}", got none of that name`);
    return found;
  }
}
