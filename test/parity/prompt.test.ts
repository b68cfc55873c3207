import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { z } from "zod";
import { nothingGiven, readForeignPolicy } from "../../src/checkpoint/import/foreign.ts";
import { factsBeside } from "../../src/checkpoint/import/given.ts";
import { readForeignRobot } from "../../src/checkpoint/import/robot.ts";
import { TensorSource } from "../../src/checkpoint/import/tensor-source.ts";
import { formatPrompt } from "../../src/codec/prompt-format.ts";
import { normalization, normalize } from "../../src/embodiment/normalize.ts";
import { HostArray } from "../../src/graph/host-array.ts";
import { Padded } from "../../src/validity/padded.ts";
import { Validity } from "../../src/validity/validity.ts";
import { ReferenceCase } from "../../tools/parity/case.ts";

const saidSchema = z.object({ raw_tasks: z.array(z.string()), prompts_after_processor: z.array(z.string()) });

it.each(["pi0", "pi05"])(
  "prompts of %s from states in the robot's own units are its origin's to the byte",
  async (name) => {
    const folder = join(import.meta.dirname, "released", name);
    const source = await TensorSource.open(folder);
    const policy = await readForeignPolicy(source, await factsBeside(folder, nothingGiven));
    const { prompt, normalization: known } = await readForeignRobot(source, policy);
    await source.close();
    const convention = { epsilon: known.epsilon, zeroRange: "lower", coincidingQuantiles: "epsilon" } as const;
    const reference = await ReferenceCase.read(folder);
    const [samples = 0, width = 0] = reference.shape("raw.state");
    const raw = new HostArray("b s", [samples, width], "float64", reference.numbers("raw.state"));
    const unit = normalize(
      Padded.of(raw, Validity.complete("b", [samples])),
      normalization(known.modes.state, known.state, convention),
    );
    const said = saidSchema.parse(JSON.parse(await readFile(join(folder, "case.json"), "utf8")));
    const prompts = unit.read(({ cells }) =>
      said.raw_tasks.map((task, row) => formatPrompt(prompt!, task, cells.slice(row * width, (row + 1) * width))),
    );
    expect(prompts).toEqual(said.prompts_after_processor);
  },
);
