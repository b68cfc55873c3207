import { elementType, type OnnxGraph, type OnnxNode } from "./onnx.ts";
import type { Lowering } from "./operation.ts";

/** How ONNX calls the type: float32's exponent, and 8 bits of its 24. */
const bfloat16 = 16;

/** A product whose matrices are rounded to bfloat16, and whose sums, added in float32, are rounded so once. */
export function writeInBfloat16(
  lowering: Lowering,
  matrices: readonly string[],
  multiply: (halves: readonly string[]) => string,
): string {
  const halves = matrices.map((name) => lowering.node("Cast", [name], { to: bfloat16 }));
  return lowering.node("Cast", [multiply(halves)], { to: elementType.float32 });
}

/** The graph with nothing rounded to bfloat16: for runtimes that do not have the type. */
export function withoutBfloat16(graph: OnnxGraph): OnnxGraph {
  const plain = (node: OnnxNode) => (isRounding(node) ? { ...node, ...same } : inBodies(node, withoutBfloat16));
  return { ...graph, nodes: graph.nodes.map(plain) };
}

/** A graph without bfloat16, with its products rounded again as `writeInBfloat16` has them. */
export function withProductsInBfloat16(graph: OnnxGraph): OnnxGraph {
  const halved = (node: OnnxNode) =>
    products.has(node.operator) ? rounded(node) : [inBodies(node, withProductsInBfloat16)];
  return { ...graph, nodes: graph.nodes.flatMap(halved) };
}

/** A node whose graphs within, as a loop has one, are changed too. */
function inBodies(node: OnnxNode, change: (graph: OnnxGraph) => OnnxGraph): OnnxNode {
  const changed = Object.entries(node.attributes).map(([name, attribute]) => [
    name,
    "graph" in attribute ? { graph: change(attribute.graph) } : attribute,
  ]);
  return { ...node, attributes: Object.fromEntries(changed) };
}

const same = { operator: "Identity", attributes: {} } as const;

/** What `writeProduct` writes with two matrices. */
const products = new Set(["Gemm", "FusedMatMul"]);

function isRounding({ operator, attributes: { to } }: OnnxNode): boolean {
  return operator === "Cast" && to !== undefined && "int" in to && to.int === bfloat16;
}

function rounded(node: OnnxNode): OnnxNode[] {
  const [output = ""] = node.outputs;
  const half = (name: string, at: number) => `${output} of ${at} ${name}`;
  const cast = (from: string, to: string, type: number): OnnxNode => ({
    operator: "Cast",
    domain: "",
    inputs: [from],
    outputs: [to],
    attributes: { to: { int: type } },
  });
  return [
    ...node.inputs.map((name, at) => cast(name, half(name, at), bfloat16)),
    { ...node, inputs: node.inputs.map(half), outputs: [half(output, -1)] },
    cast(half(output, -1), output, elementType.float32),
  ];
}
