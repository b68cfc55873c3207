import { cells } from "./axes.ts";
import type { DataType } from "./host-array.ts";
import type { OnnxGraph, OnnxNode } from "./onnx.ts";
import { formsIn, type OnnxForm } from "./onnx-form.ts";

/** Memory that a run takes for itself and gives back: from one operator to another, in the order in which they run. */
export interface RunBuffer {
  readonly bytes: number;
  /** Index of the operator before which it is taken. */
  readonly from: number;
  /** Index of the operator after which it is given back. */
  readonly until: number;
}

/**
 * What ONNX Runtime takes for arrays between the operators of a graph, as it plans it: inputs, constants and results stand elsewhere, a view shares
 * the memory of what it views, and what is no longer read is taken over by the next array of the same type and shape, which may come much later.
 * Then it is held all that time. What the runtime fuses is not known here, and no operator works in place.
 *
 * @source onnxruntime/core/framework/allocation_planner.cc (`ComputeSingleStreamReusePlan`), core/graph/graph.cc (`ReverseDFSFrom`)
 */
export function runBuffersOf(graph: OnnxGraph): RunBuffer[] {
  const order = runOrder(graph);
  const forms = formsIn(graph);
  const made = new Set(order.flatMap(({ outputs }) => outputs));
  const results = new Set(graph.outputs.map(({ name }) => name));
  const plan = new BufferPlan(forms, readersOf(order));
  for (const [at, node] of order.entries()) {
    for (const name of node.outputs) {
      if (name === "" || results.has(name)) continue;
      const [viewed = ""] = node.inputs;
      if (!views.has(node.operator)) plan.take(name, at);
      else if (made.has(viewed) && !results.has(viewed)) plan.share(name, viewed);
    }
    for (const name of [...node.inputs, ...node.outputs]) plan.touch(name, at);
    for (const name of node.inputs) plan.leave(name);
    for (const name of node.outputs) plan.leaveUnread(name);
  }
  return [...plan.buffers(), ...bodiesOf(order)];
}

const views = new Set(["Reshape", "Identity"]);

/** The buffers of a plan: who shares which, and which are idle. */
class BufferPlan {
  readonly #forms: ReadonlyMap<string, OnnxForm>;
  /** Of a buffer, or of an array that has none yet: how many readings are to come. */
  readonly #readings: Map<string, number>;
  /** The array whose buffer an array has. */
  readonly #owner = new Map<string, string>();
  /** The latest first. */
  readonly #idle: string[] = [];
  readonly #spans = new Map<string, { readonly from: number; until: number }>();

  constructor(forms: ReadonlyMap<string, OnnxForm>, readings: Map<string, number>) {
    this.#forms = forms;
    this.#readings = readings;
  }

  /** A buffer for an array: an idle one of its form, or a new one. */
  take(name: string, at: number): void {
    const place = this.#idle.findIndex((own) => this.#keyOf(own) === this.#keyOf(name));
    const [idle] = place < 0 ? [] : this.#idle.splice(place, 1);
    if (idle !== undefined) {
      this.share(name, idle);
      return;
    }
    this.#owner.set(name, name);
    this.#spans.set(name, { from: at, until: at });
  }

  share(name: string, with_: string): void {
    const owner = this.#owner.get(with_);
    if (owner === undefined) return;
    this.#owner.set(name, owner);
    if (owner !== name) this.#readings.set(owner, this.#left(owner) + this.#left(name));
  }

  touch(name: string, at: number): void {
    const span = this.#spans.get(this.#owner.get(name) ?? "");
    if (span !== undefined) span.until = at;
  }

  /** One reading less. */
  leave(name: string): void {
    const owner = this.#owner.get(name);
    if (owner === undefined) return;
    this.#readings.set(owner, this.#left(owner) - 1);
    if (this.#left(owner) === 0) this.#idle.unshift(owner);
  }

  /** What nobody reads is idle at once. */
  leaveUnread(name: string): void {
    const owner = this.#owner.get(name);
    if (owner !== undefined && this.#left(owner) === 0 && !this.#idle.includes(owner)) this.#idle.unshift(owner);
  }

  buffers(): RunBuffer[] {
    return [...this.#spans].map(([name, { from, until }]) => ({ bytes: this.#bytesOf(name), from, until }));
  }

  #left(owner: string): number {
    return this.#readings.get(owner) ?? 0;
  }

  #keyOf(name: string): string {
    const { type, shape } = this.#forms.get(name)!;
    return `${bytesPerCell[type]} [${shape.join()}]`;
  }

  #bytesOf(name: string): number {
    const { type, shape } = this.#forms.get(name)!;
    return bytesPerCell[type] * cells(shape);
  }
}

const bytesPerCell: Readonly<Record<DataType, number>> = {
  float64: 8,
  int64: 8,
  float32: 4,
  int32: 4,
  int8: 1,
  uint8: 1,
  bool: 1,
};

/** Most of what the turns of a loop take, while the loop runs. */
function bodiesOf(order: readonly OnnxNode[]): RunBuffer[] {
  return order.flatMap(({ attributes }, at) =>
    Object.values(attributes).flatMap((attribute) =>
      "graph" in attribute ? [{ bytes: mostAtATime(runBuffersOf(attribute.graph)), from: at, until: at }] : [],
    ),
  );
}

/** Bytes of the buffers that are held at a time, at most. */
export function mostAtATime(buffers: readonly RunBuffer[]): number {
  const changes = new Map<number, number>();
  const change = (at: number, bytes: number) => changes.set(at, (changes.get(at) ?? 0) + bytes);
  for (const { bytes, from, until } of buffers) {
    change(from, bytes);
    change(until + 1, -bytes);
  }
  let [held, most] = [0, 0];
  for (const at of [...changes.keys()].sort((one, other) => one - other)) {
    held += changes.get(at)!;
    most = Math.max(most, held);
  }
  return most;
}

/** Nodes as the runtime orders them: depth first from the results, what was made first before the rest (see `lastFirst` in program.ts). */
function runOrder({ nodes }: OnnxGraph): OnnxNode[] {
  const placeOf = new Map(nodes.map((node, at) => [node, at]));
  const makers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  const readers = readersOf(nodes);
  const latestFirst = (some: readonly OnnxNode[]) =>
    [...some].sort((one, other) => placeOf.get(other)! - placeOf.get(one)!);
  const open = latestFirst(nodes.filter(({ outputs }) => outputs.every((name) => !readers.has(name))));
  const found = new Set<OnnxNode>();
  const order: OnnxNode[] = [];
  const isReady = new Set<OnnxNode>();
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (isReady.delete(node)) order.push(node);
    if (found.has(node)) continue;
    found.add(node);
    isReady.add(node);
    const sources = new Set(node.inputs.flatMap((name) => makers.get(name) ?? []));
    open.push(node, ...latestFirst([...sources].filter((source) => !found.has(source))));
  }
  return order;
}

/** How often each array is read. */
function readersOf(nodes: readonly OnnxNode[]): Map<string, number> {
  const readers = new Map<string, number>();
  for (const { inputs } of nodes) for (const name of inputs) readers.set(name, (readers.get(name) ?? 0) + 1);
  return readers;
}
