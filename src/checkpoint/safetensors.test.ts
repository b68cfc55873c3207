import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { InputError } from "../input-error.ts";
import { readSafetensors, SafetensorsFile, writeSafetensors, writeSafetensorsInPieces } from "./safetensors.ts";
import type { Tensor } from "./safetensors-header.ts";

const folder = mkdtempSync(join(tmpdir(), "armature-safetensors-"));
const fixtures = join(import.meta.dirname, "testing");
afterAll(() => rmSync(folder, { recursive: true }));

const fixtureSchema = z.object({
  metadata: z.record(z.string(), z.string()),
  tensors: z.record(z.string(), z.object({ type: z.string(), shape: z.array(z.int()), cells: z.array(z.string()) })),
});

/** What Python says stands in a fixture, in the same words as `describeTensor`. */
function expectedTensors(name: string): Record<string, { type: string; shape: number[]; cells: number[] }> {
  const { tensors } = fixtureSchema.parse(JSON.parse(readFileSync(join(fixtures, `${name}.json`), "utf8")));
  return Object.fromEntries(
    Object.entries(tensors).map(([key, { type, shape, cells }]) => [
      key,
      { type, shape, cells: cells.map(fromPython) },
    ]),
  );
}

function fromPython(text: string): number {
  return text === "True" ? 1 : text === "False" ? 0 : Number(text);
}

function describeTensor({ type, shape, cells }: Tensor): { type: string; shape: readonly number[]; cells: number[] } {
  return { type, shape, cells: [...cells].map(Number) };
}

/** A file made by hand: its header, and that many bytes behind it. */
function handMade(name: string, header: string, dataBytes: number): string {
  const path = join(folder, name);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(path, Buffer.concat([length, Buffer.from(header), Buffer.alloc(dataBytes)]));
  return path;
}

async function problem(path: string): Promise<string> {
  const error: unknown = await readSafetensors(path).catch((found: unknown) => found);
  expect(error).toBeInstanceOf(InputError);
  return String(error).replace(folder, "");
}

describe("safetensors", () => {
  it("reads every type that Python wrote, and half-width floats as float32", async () => {
    for (const name of ["all-types", "half-width"]) {
      const tensors = await readSafetensors(join(fixtures, `${name}.safetensors`));
      const found = Object.fromEntries([...tensors].map(([key, tensor]) => [key, describeTensor(tensor)]));
      expect(found).toEqual(expectedTensors(name));
    }
  });

  it("gives cells in pieces as it gives them at once", async () => {
    const file = await SafetensorsFile.open(join(fixtures, "half-width.safetensors"));
    try {
      for (const name of file.entries.keys()) {
        const pieces: number[] = [];
        for await (const piece of file.float32Pieces(name)) pieces.push(...new Float32Array(piece.slice().buffer));
        expect(pieces, name).toEqual([...(await file.read(name)).cells].map(Number));
      }
    } finally {
      await file.close();
    }
  });

  it("makes the file that it makes of whole tensors from pieces of another, more than one of a tensor", async () => {
    const long = Float32Array.from({ length: (1 << 20) + 3 }, (_, at) => at / 7);
    const tensors = new Map<string, Tensor>([
      ["long", { shape: [long.length], type: "float32", cells: long }],
      ["a short one", { shape: [1, 2], type: "float32", cells: Float32Array.of(1, -2) }],
    ]);
    const [whole, inPieces] = [join(folder, "whole"), join(folder, "in-pieces")];
    const written = await writeSafetensors(whole, tensors, {});
    const file = await SafetensorsFile.open(whole);
    const found = await writeSafetensorsInPieces(inPieces, tensors, (name) => file.float32Pieces(name), "as Python");
    await file.close();
    expect(found).toEqual(written);
    expect(readFileSync(inPieces).equals(readFileSync(whole))).toBe(true);
  });

  it("refuses to write a tensor of fewer cells than its form has, and leaves nothing", async () => {
    const form = { shape: [3], type: "float32" } as const;
    async function* two() {
      yield new Uint8Array(8);
    }
    const path = join(folder, "too-short");
    await expect(writeSafetensorsInPieces(path, new Map([["x", form]]), two, "as Python")).rejects.toThrow(
      'expected 12 bytes of "x", got 8',
    );
    expect(existsSync(path)).toBe(false);
  });

  it("gives no pieces of whole numbers", async () => {
    const path = join(folder, "whole-numbers");
    await writeSafetensors(path, new Map([["n", { shape: [1], type: "int32", cells: Int32Array.of(5) }]]), {});
    const file = await SafetensorsFile.open(path);
    await expect(file.float32Pieces("n").next()).rejects.toThrow('expected floating-point numbers in "n", got I32');
    await file.close();
    const wide = await readSafetensors(join(fixtures, "all-types.safetensors"));
    expect(wide.get("index")?.cells).toEqual(new BigInt64Array([-9007199254740993n, 5n]));
  });

  it("writes the very bytes that Python writes, whatever the order of the tensors", async () => {
    const expected = readFileSync(join(fixtures, "all-types.safetensors"));
    const tensors = [...(await readSafetensors(join(fixtures, "all-types.safetensors")))];
    for (const [name, order] of Object.entries({ forward: tensors, backward: tensors.toReversed() })) {
      const written = await writeSafetensors(join(folder, name), new Map(order), { made: "python" });
      expect(readFileSync(join(folder, name)).equals(expected)).toBe(true);
      expect(written).toEqual({ bytes: expected.length, sha256: createHash("sha256").update(expected).digest("hex") });
    }
  });

  it("keeps every bit of a float, NaN's payload included, and a view's own part of its buffer", async () => {
    const bits = new Uint32Array([1, 0x7fc0_1234, 0x8000_0000, 0xff80_0000, 0x0000_0001, 2]);
    const cells = new Float32Array(bits.buffer, 4, 4);
    const path = join(folder, "bits");
    await writeSafetensors(path, new Map([["weight", { shape: [2, 2], type: "float32", cells }]]), {});
    const read = (await readSafetensors(path)).get("weight")!;
    expect(new Uint32Array(read.cells.buffer)).toEqual(bits.slice(1, 5));
  });

  it("widens more half-width cells than its buffer holds", async () => {
    const count = (1 << 20) + 3;
    const header = JSON.stringify({ brain: { dtype: "BF16", shape: [count], data_offsets: [0, 2 * count] } });
    const path = handMade("long-half", header, 2 * count);
    const bytes = readFileSync(path);
    for (const cell of [0, (1 << 20) - 1, 1 << 20, count - 1])
      bytes.writeUInt16LE(0x4040, 8 + header.length + 2 * cell);
    writeFileSync(path, bytes);
    const cells = [...(await readSafetensors(path)).get("brain")!.cells].map(Number);
    expect(cells.length).toBe(count);
    expect(cells.flatMap((cell, at) => (cell === 3 ? [at] : []))).toEqual([0, (1 << 20) - 1, 1 << 20, count - 1]);
  });

  it("does not write over a file", async () => {
    const path = handMade("there", "{}", 0);
    await expect(writeSafetensors(path, new Map(), {})).rejects.toThrow("EEXIST");
  });

  it("names file and tensor where the file is truncated", async () => {
    const whole = readFileSync(join(fixtures, "all-types.safetensors"));
    writeFileSync(join(folder, "cut"), whole.subarray(0, whole.length - 4));
    expect(await problem(join(folder, "cut"))).toContain('/cut: tensor "pixel" ends 2 bytes past the end of the file');
    writeFileSync(join(folder, "cut-header"), whole.subarray(0, 100));
    expect(await problem(join(folder, "cut-header"))).toContain("the file is truncated");
    writeFileSync(join(folder, "cut-length"), whole.subarray(0, 5));
    expect(await problem(join(folder, "cut-length"))).toContain("at least 8 bytes, got 5");
  });

  it("refuses a header whose tensors do not fit their bytes", async () => {
    const entry = (begin: number, end: number, dtype = "F32"): object => ({
      dtype,
      shape: [2],
      data_offsets: [begin, end],
    });
    const cases: readonly (readonly [object, number, string])[] = [
      [{ one: entry(0, 8), two: entry(4, 12) }, 12, 'tensor "two" overlaps the one before it by 4 bytes'],
      [{ one: entry(0, 8), two: entry(12, 20) }, 20, 'tensor "two" leaves a hole of 4 bytes'],
      [{ one: entry(0, 8) }, 9, "1 bytes follow the last tensor"],
      [{ one: entry(0, 4) }, 4, 'tensor "one": expected 8 bytes for F32 [2], got 4'],
      [{ one: entry(8, 0) }, 8, 'tensor "one": expected 8 bytes for F32 [2], got -8'],
      [{ one: entry(0, 2, "F8_E4M3") }, 2, "got F8_E4M3"],
      [{ one: { ...entry(0, 8), more: 1 } }, 8, 'tensor "one": expected dtype, shape and data_offsets'],
      [{ one: { dtype: "F32", shape: [-2], data_offsets: [0, 8] } }, 8, 'tensor "one": expected dtype'],
      [{ __metadata__: { made: 1 } }, 0, '"__metadata__"'],
      [[1], 0, "expected the header to map names to tensors"],
    ];
    for (const [at, [header, bytes, expected]] of cases.entries())
      expect(await problem(handMade(`misfit-${at}`, JSON.stringify(header), bytes))).toContain(expected);
    expect(await problem(handMade("no-json", "{weight", 0))).toContain("the file is damaged");
  });

  it("refuses a length of header that no file has, and a BOOL that is neither", async () => {
    writeFileSync(join(folder, "huge"), Buffer.alloc(16, 0xff));
    expect(await problem(join(folder, "huge"))).toContain(
      "expected a safetensors header, got 18446744073709552000 bytes",
    );
    const header = JSON.stringify({ flag: { dtype: "BOOL", shape: [2], data_offsets: [0, 2] } });
    const path = handMade("bool-of-2", header, 2);
    writeFileSync(path, Buffer.concat([readFileSync(path).subarray(0, -1), Buffer.from([2])]));
    expect(await problem(path)).toContain('tensor "flag": expected bytes of 0 and 1, got 2 at cell 1');
  });

  it("names a file that is not there, and a tensor that is not in it", async () => {
    expect(await problem(join(folder, "nowhere"))).toContain(
      "/nowhere: expected a safetensors file, got nothing there",
    );
    const file = await SafetensorsFile.open(join(fixtures, "half-width.safetensors"));
    await expect(file.read("whole")).rejects.toThrow('half-width.safetensors: expected a tensor "whole"');
    await file.close();
  });
});
