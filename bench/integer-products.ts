import { input } from "../src/graph/array.ts";
import { HostArray, zeros } from "../src/graph/host-array.ts";
import { integerMatrix } from "../src/graph/integer-matrix.ts";
import { encodeModel, type OnnxNode, type OnnxTensor } from "../src/graph/onnx.ts";
import { einsum } from "../src/graph/op/einsum.ts";
import { Program } from "../src/graph/program.ts";
import { stream } from "../src/graph/random.ts";
import { openSession } from "../src/graph/runtime/session.ts";
import { markdownTable } from "./markdown.ts";
import { median, takeTurns } from "./turns.ts";

/**
 * Products of activations and a weight at sizes of SmolVLA, by each operator of the runtime's that could compute them with 8-bit weights, in
 * turns, as processor time on one thread: why `src/graph/integer-product.ts` has the one that it has.
 *
 *     node bench/integer-products.ts ROUNDS
 */
const rounds = Number(process.argv[2] ?? 9);
const machine = { device: "cpu", threads: 1 } as const;
const repetitions = 5;
const block = 128;

/** Rows, summed, columns: of the vision tower, the language model, the expert. */
const shapes = [
  [1024, 768, 3072],
  [241, 960, 2560],
  [50, 2048, 720],
] as const;

/** Rows and columns of a product, and what is summed. */
type Shape = readonly [rows: number, depth: number, width: number];

interface Runs {
  run(feeds: ReadonlyMap<string, HostArray<string>>, fetches: ReadonlyMap<string, HostArray<string>>): Promise<void>;
}

const table: string[][] = [];
for (const shape of shapes) await measure(shape);
process.stdout.write(
  markdownTable(
    [
      ...["product", "by"].map((title) => ({ title, align: "left" }) as const),
      ...["processor ms", "fastest", "relative error"].map((title) => ({ title, align: "right" }) as const),
    ],
    table,
  ),
);

async function measure(shape: Shape): Promise<void> {
  const [rows, depth, width] = shape;
  const x = new HostArray("b e", [rows, depth], "float32", normal("activations", rows * depth));
  const weights = normal("weights", depth * width);
  const found = new Map<string, Float32Array>();
  const ways = Object.entries(await waysOf(shape, weights)).map(([name, session]) => ({
    name,
    async repeat() {
      const y = zeros("b m", [rows, width], "float32");
      found.set(name, y.cells);
      const from = process.cpuUsage();
      for (let at = 0; at < repetitions; at++) await session.run(new Map([["x", x]]), new Map([["y", y]]));
      const { user, system } = process.cpuUsage(from);
      return (user + system) / 1000 / repetitions;
    },
    end: () => {},
  }));
  const exact = () => found.get("float32")!;
  for (const { name, timesMs } of await takeTurns(ways, rounds, () => {})) {
    const error = Math.sqrt(square(found.get(name)!.map((cell, at) => cell - exact()[at]!)) / square(exact()));
    const times = [median(timesMs), Math.min(...timesMs)].map((ms) => ms.toFixed(2));
    table.push([shape.join(" × "), name, ...times, error.toFixed(4)]);
  }
}

/** Each way to compute the product; the weights are `[e m]`. */
async function waysOf(shape: Shape, weights: Float32Array): Promise<Record<string, Runs>> {
  const [rows, depth, width] = shape;
  const y = einsum(
    "b e, e m -> b m",
    input("x", "b e", [rows, depth], "float32"),
    input("w", "e m", [depth, width], "float32"),
  );
  const fixed = new Map([["w", new HostArray("e m", [depth, width], "float32", weights)]]);
  const integers = { has: (name: string) => name === "w", cellsOf: () => weights };
  const { cells, scales } = integerMatrix(weights, { rows: steps(depth, width), columns: steps(width, 1) });
  const bytes = Uint8Array.from(cells, (cell) => cell + 128);
  const scale = { name: "scales", type: "float32", shape: [width], cells: scales } as const;
  const matrix = (own: Int8Array | Uint8Array): OnnxTensor[] => {
    const type = own instanceof Int8Array ? ("int8" as const) : ("uint8" as const);
    const zero = own instanceof Int8Array ? Int8Array.of(0) : Uint8Array.of(128);
    return [
      { name: "w", type, shape: [depth, width], cells: own },
      scale,
      { name: "zero", type, shape: [], cells: zero },
    ];
  };
  const dynamic = own("DynamicQuantizeMatMul", ["x", "w", "scales", "zero"]);
  return {
    float32: await Program.compile({ y }, { ...machine, fixed }),
    "integers, a scale for each row (as it is)": await Program.compile({ y }, { ...machine, fixed, integers }),
    "DynamicQuantizeMatMul, signed weights": session(shape, dynamic, matrix(cells)),
    "DynamicQuantizeMatMul, unsigned weights": session(shape, dynamic, matrix(bytes)),
    [`MatMulNBits, blocks of ${block}`]: inBlocks(shape, weights),
  };
}

/** Blocks of a column with scales of their own, rows of activations by blocks as well. */
function inBlocks(shape: Shape, weights: Float32Array): Runs {
  const [, depth, width] = shape;
  const blocks = Math.ceil(depth / block);
  const [bytes, scales] = [new Uint8Array(width * blocks * block).fill(128), new Float32Array(width * blocks)];
  for (let at = 0; at < blocks; at++) {
    const rows = steps(Math.min(block, depth - at * block), width).map((place) => place + at * block * width);
    const part = integerMatrix(weights, { rows, columns: steps(width, 1) });
    for (let column = 0; column < width; column++) {
      scales[column * blocks + at] = part.scales[column]!;
      for (let row = 0; row < rows.length; row++)
        bytes[(column * blocks + at) * block + row] = part.cells[row * width + column]! + 128;
    }
  }
  const attributes = {
    K: { int: depth },
    N: { int: width },
    bits: { int: 8 },
    block_size: { int: block },
    accuracy_level: { int: 4 },
  };
  return session(shape, { ...own("MatMulNBits", ["x", "w", "scales"]), attributes }, [
    { name: "w", type: "uint8", shape: [width, blocks, block], cells: bytes },
    { name: "scales", type: "float32", shape: [width, blocks], cells: scales },
  ]);
}

function own(operator: string, inputs: readonly string[]): OnnxNode {
  return { operator, domain: "com.microsoft", inputs, outputs: ["y"], attributes: {} };
}

function session([rows, depth, width]: Shape, node: OnnxNode, initializers: readonly OnnxTensor[]): Runs {
  const form = (name: string, columns: number) => ({ name, type: "float32", shape: [rows, columns] }) as const;
  const graph = {
    name: "product",
    nodes: [node],
    inputs: [form("x", depth)],
    outputs: [form("y", width)],
    initializers,
  };
  return openSession(encodeModel(graph), machine);
}

function steps(count: number, step: number): Int32Array {
  return Int32Array.from({ length: count }, (_, at) => at * step);
}

function square(cells: Float32Array): number {
  return cells.reduce((sum, cell) => sum + cell ** 2, 0);
}

function normal(name: string, length: number): Float32Array {
  const out = new Float32Array(length);
  stream(1, "bench weights", name).fillNormal(out, 0, 0, 0);
  return out;
}
