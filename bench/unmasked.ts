import { constant, nodesBefore, outputsOf, repeat, SymbolicArray } from "../src/graph/array.ts";
import { type HostArray, zeros } from "../src/graph/host-array.ts";
import { asFloat } from "../src/graph/op/elementwise.ts";
import { softmax } from "../src/graph/op/softmax.ts";
import type { AnyArray, Node } from "../src/graph/operation.ts";
import { Program } from "../src/graph/program.ts";
import type { TracedObjectives } from "../src/objective/objective.ts";

/** Operations that hold padding back, and which of their inputs is the mask. */
const masked: Readonly<Record<string, number>> = { select: 0, maskedSoftmax: 1 };

/** How many selections and masked attentions an objective has. */
export function guardsIn({ loss, errors }: Pick<TracedObjectives, "loss" | "errors">): number {
  return nodesBefore(arraysOf({ loss, errors })).filter(({ operation }) => operation.name in masked).length;
}

/**
 * The same objective for batches in which everything is real, with what is there for padding left out: facts are no inputs,
 * selections are what they select, and attention that may read everything asks no mask. Masks that say who sees whom stay.
 */
export async function withoutGuards({
  loss,
  errors,
}: TracedObjectives): Promise<Pick<TracedObjectives, "loss" | "errors">> {
  const nodes = nodesBefore(arraysOf({ loss, errors }));
  const facts = rewriting(nodes, allTrue);
  const masks = nodes.flatMap((node) => maskOf(node) ?? []);
  const values = await bitsOf(masks.map(facts));
  const sights = new Map(masks.map((mask, at) => [mask, values[at]!]));
  const bare = rewriting(nodes, (node, rewritten) => {
    const mask = maskOf(node);
    if (mask === null) return allTrue(node);
    const sight = sights.get(mask)!;
    const isAll = sight.cells.every((bit) => bit !== 0);
    const chosen = rewritten(node.inputs[1 - masked[node.operation.name]!]!);
    if (isAll) return node.operation.name === "select" ? chosen : softmax(asFloat(chosen));
    const inputs = node.inputs.map((input) => (input === mask ? constant(sight) : rewritten(input)));
    return outputsOf(repeat(node, inputs))[0]!;
  });
  const typed = <A extends string>(array: SymbolicArray<A>) => {
    const { node, output } = bare(array);
    return new SymbolicArray<A>({ axes: array.axes, shape: array.shape, type: "float32" }, node, output);
  };
  return {
    loss: typed(loss),
    errors: errors.map(({ name, cells, sums }) => ({ name, cells: typed(cells), sums: typed(sums) })),
  };
}

function arraysOf({ loss, errors }: Pick<TracedObjectives, "loss" | "errors">): AnyArray[] {
  return [loss, ...errors.flatMap(({ cells, sums }) => [cells, sums])];
}

function maskOf({ operation, inputs }: Node): AnyArray | null {
  const place = masked[operation.name];
  return place === undefined ? null : inputs[place]!;
}

/** A fact of the batch, where everything is real; `null` for any other node. */
function allTrue(node: Node): AnyArray | null {
  const [form] = node.forms;
  if (node.operation.name !== "input" || form?.type !== "bool") return null;
  const bits = zeros(form.axes, form.shape, "bool");
  bits.cells.fill(1);
  return constant(bits);
}

/** What masks that follow from no input hold. */
async function bitsOf(masks: readonly AnyArray[]): Promise<HostArray<string, "bool">[]> {
  const named = Object.fromEntries(masks.map((mask, at) => [`${at}`, mask]));
  const program = await Program.compile(named, { device: "cpu", threads: 1, fixed: new Map() });
  const found = masks.map(({ axes, shape }) => zeros(axes, shape, "bool"));
  await program.run(new Map(), new Map(found.map((bits, at) => [`${at}`, bits])));
  program.release();
  return found;
}

/** A function from arrays of a graph to those of its rewritten copy; what `change` leaves alone is repeated, inputs stay. */
function rewriting(
  nodes: readonly Node[],
  change: (node: Node, rewritten: (array: AnyArray) => AnyArray) => AnyArray | null,
): (array: AnyArray) => AnyArray {
  const copies = new Map<Node, readonly AnyArray[]>();
  const rewritten = (array: AnyArray) => copies.get(array.node)?.[array.output] ?? array;
  for (const node of nodes) {
    const changed = change(node, rewritten);
    const isSame = changed === null && node.inputs.every((input) => rewritten(input) === input);
    if (changed !== null) copies.set(node, [changed]);
    else if (!isSame) copies.set(node, outputsOf(repeat(node, node.inputs.map(rewritten))));
  }
  return rewritten;
}
