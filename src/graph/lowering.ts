import { nodesBefore, SymbolicArray, show } from "./array.ts";
import { type Attributes, spell } from "./attribute.ts";
import { letters } from "./axes.ts";
import { type Arrays, type DataType, HostArray, scalar } from "./host-array.ts";
import { namesRead, type OnnxGraph, type OnnxNode, type OnnxTensor, type OnnxValue } from "./onnx.ts";
import type { OnnxOperator } from "./onnx-form.ts";
import type { AnyArray, Body, Form, IntegerWeight, Lowering, Node, Operators } from "./operation.ts";
import { Views, type Written } from "./view.ts";

/** Inputs that a program holds as integers where they are matrices of products. */
export interface IntegerWeights {
  has(name: string): boolean;
  /** Cells of one of them, row-major. */
  cellsOf(name: string): Float32Array;
}

const noIntegers: IntegerWeights = { has: () => false, cellsOf: () => new Float32Array() };

/** What a graph and the bodies within it have in common: names are never given twice, constants stand outside. */
class Shared {
  readonly inputs = new Map<string, OnnxValue>();
  readonly constants = new Map<string, OnnxTensor>();
  readonly fixed: Arrays;
  readonly operators: Operators;
  readonly integers: IntegerWeights;
  /** Names of those of them that the graph has, by the names of what holds their numbers. */
  readonly weights = new Map<string, string>();
  /** Names around bodies that stand inside them: they stay as they are. */
  readonly kept = new Set<string>();
  count = 0;

  constructor(fixed: Arrays, operators: Operators, integers: IntegerWeights) {
    this.fixed = fixed;
    this.operators = operators;
    this.integers = integers;
  }
}

/** The graph around a body. */
interface Around {
  readonly lowering: GraphLowering;
  readonly outside: ReadonlyMap<Node, Node>;
}

/** Writes the nodes that lead to some arrays as an ONNX graph. */
export class GraphLowering implements Lowering {
  #shared: Shared;
  #around: Around | null = null;
  readonly #nodes: OnnxNode[] = [];
  readonly #names = new Map<Node, readonly string[]>();
  /** Names of arrays that hold size 1 along the axes they are repeated over, by the node that repeats them. */
  readonly #thin = new Map<Node, string>();
  readonly #full = new Map<Node, string>();
  readonly #views = new Views();
  /** What was named in this graph, not around it. */
  readonly #own = new Set<string>();

  /** @param fixed values of inputs that are written into the graph */
  constructor(fixed: Arrays, operators: Operators = "runtime", integers: IntegerWeights = noIntegers) {
    this.#shared = new Shared(fixed, operators, integers);
  }

  get operators(): Operators {
    return this.#shared.operators;
  }

  value(array: AnyArray): string {
    const around = this.#aroundOf(array);
    if (around !== null) return around.lowering.value(around.array);
    const thin = this.#thin.get(array.node);
    if (thin === undefined) return this.#name(array);
    let name = this.#full.get(array.node);
    if (name === undefined) {
      const shape = this.integers(array.shape);
      name = this.node("Expand", [thin, shape]);
      this.#full.set(array.node, name);
    }
    return name;
  }

  reshaped(name: string, from: readonly number[], to: readonly number[]): string {
    const original = this.original(name, from);
    if (original.shape.join() === to.join()) return original.name;
    if (this.#around !== null && !this.#own.has(original.name))
      return this.#around.lowering.reshaped(original.name, original.shape, to);
    return this.#views.view(original, to, () => {
      const name = this.name("Reshape");
      this.#own.add(name);
      return name;
    });
  }

  original(name: string, shape: readonly number[]): Written {
    return this.#views.original(name) ?? this.#around?.lowering.original(name, shape) ?? { name, shape };
  }

  thin(array: AnyArray): string {
    const around = this.#aroundOf(array);
    if (around !== null) return around.lowering.thin(around.array);
    return this.#thin.get(array.node) ?? this.#name(array);
  }

  isThin(array: AnyArray): boolean {
    const around = this.#aroundOf(array);
    if (around !== null) return around.lowering.isThin(around.array);
    return this.#thin.has(array.node);
  }

  node(operator: OnnxOperator, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.#write({ operator, domain: "", inputs, attributes }, 1)[0]!;
  }

  fused(operator: OnnxOperator, inputs: readonly string[], attributes: Attributes): string {
    return this.#write({ operator, domain: "com.microsoft", inputs, attributes }, 1)[0]!;
  }

  nodes(operator: OnnxOperator, inputs: readonly string[], outputs: number, attributes: Attributes): string[] {
    return this.#write({ operator, domain: "", inputs, attributes }, outputs);
  }

  input(name: string, form: Form): string {
    const written = this.#input(name, form);
    if (this.#shared.integers.has(name)) this.#shared.weights.set(written, name);
    return written;
  }

  integerWeight(array: AnyArray): IntegerWeight | null {
    const { integers, weights } = this.#shared;
    if (weights.size === 0) return null;
    const name = weights.get(this.original(this.value(array), array.shape).name);
    return name === undefined ? null : { name, cells: () => integers.cellsOf(name) };
  }

  #input(name: string, form: Form): string {
    const fixed = this.#shared.fixed.get(name);
    if (fixed !== undefined) {
      if (fixed.type !== form.type || fixed.shape.join() !== form.shape.join())
        throw new RangeError(
          `program input "${name}": expected ${form.type} ${show(form)}, got it fixed as ${fixed.type} ${show(fixed)}`,
        );
      return this.constant(fixed);
    }
    const known = this.#shared.inputs.get(name);
    if (known !== undefined && (known.type !== form.type || known.shape.join() !== form.shape.join()))
      throw new RangeError(
        `program input "${name}": declared as ${known.type} [${known.shape.join(", ")}] and as ${form.type} [${form.shape.join(", ")}]`,
      );
    this.#shared.inputs.set(name, { name, type: form.type, shape: form.shape });
    return name;
  }

  constant(values: HostArray<string, DataType>): string {
    const key = values.cells.length <= 16 ? `${values.type}[${values.shape.join()}]{${values.cells.join()}}` : null;
    const known = key === null ? undefined : this.#shared.constants.get(key);
    if (known !== undefined) return known.name;
    const name = this.name("constant");
    this.#shared.constants.set(key ?? name, { name, type: values.type, shape: values.shape, cells: values.cells });
    return name;
  }

  shared(key: string, make: () => HostArray<string, DataType>): string {
    const known = this.#shared.constants.get(key);
    if (known !== undefined) return known.name;
    const { type, shape, cells: storage } = make();
    const name = this.name("constant");
    this.#shared.constants.set(key, { name, type, shape, cells: storage });
    return name;
  }

  scalar(like: Form, value: number): string {
    return this.constant(scalar(like.type, value));
  }

  integer(value: number): string {
    return this.constant(scalar("int64", value));
  }

  integers(values: readonly number[]): string {
    return this.constant(new HostArray("i", [values.length], "int64", BigInt64Array.from(values, BigInt)));
  }

  /**
   * The graph that computes `outputs` under their names.
   *
   * @throws RangeError if an input has the name of an output
   */
  graph(outputs: ReadonlyMap<string, AnyArray>): OnnxGraph {
    this.#lowerAll([...outputs.values()]);
    for (const name of outputs.keys())
      if (this.#shared.inputs.has(name))
        throw new RangeError(`program output "${name}": an input has this name already`);
    this.#publish(outputs);
    const read = new Set(this.#nodes.flatMap(namesRead));
    const isRead = ({ name }: OnnxValue) => read.has(name) || !this.#shared.weights.has(name);
    return {
      name: "armature",
      nodes: this.#nodes,
      inputs: [...this.#shared.inputs.values()].filter(isRead),
      outputs: [...outputs].map(([name, { type, shape }]) => ({ name, type, shape })),
      initializers: [...this.#shared.constants.values()].filter(isRead),
    };
  }

  body({ inputs, inside, outside, results }: Body): OnnxGraph {
    const inner = new GraphLowering(this.#shared.fixed);
    inner.#shared = this.#shared;
    inner.#around = { lowering: this, outside };
    for (const node of [...inputs.map((array) => array.node), ...inside]) inner.#lower(node);
    for (const name of inner.#nodes.flatMap((node) => node.inputs))
      if (!inner.#own.has(name)) this.#shared.kept.add(name);
    const named = (name: string, { type, shape }: AnyArray): OnnxValue => ({ name, type, shape });
    return {
      name: this.name("body"),
      inputs: inputs.map((array) => named(inner.value(array), array)),
      // A result may be an input or a value from around: what leaves a body has to be made in it.
      outputs: results.map((array) => named(inner.node("Identity", [inner.value(array)]), array)),
      nodes: inner.#nodes,
      initializers: [],
    };
  }

  name(what: string): string {
    return `${what}_${this.#shared.count++}`;
  }

  #aroundOf(array: AnyArray): { readonly lowering: GraphLowering; readonly array: AnyArray } | null {
    const stand = this.#around?.outside.get(array.node);
    if (this.#around === null || stand === undefined) return null;
    const { axes, shape, type } = array;
    return { lowering: this.#around.lowering, array: new SymbolicArray({ axes, shape, type }, stand, array.output) };
  }

  #write(node: Omit<OnnxNode, "outputs" | "attributes"> & { attributes: Attributes }, outputs: number): string[] {
    for (const name of node.inputs) this.#writeView(name);
    const names = Array.from({ length: outputs }, () => this.name(node.operator));
    this.#nodes.push({ ...node, outputs: names, attributes: spell(node.attributes) });
    for (const name of names) this.#own.add(name);
    return names;
  }

  /** Writes a view that is read for the first time, here or around. */
  #writeView(name: string): void {
    const original = this.#views.original(name);
    if (original === undefined && this.#around !== null) this.#around.lowering.#writeView(name);
    const shape = this.#views.firstReading(name);
    if (original === undefined || shape === undefined) return;
    const inputs = [original.name, this.integers(shape)];
    this.#nodes.push({ operator: "Reshape", domain: "", inputs, outputs: [name], attributes: {} });
  }

  /** Gives outputs their public names; the producing node is renamed where that is possible, so nothing is copied. */
  #publish(outputs: ReadonlyMap<string, AnyArray>): void {
    const fixed = new Set([
      ...this.#shared.kept,
      ...this.#shared.inputs.keys(),
      ...[...this.#shared.constants.values()].map((tensor) => tensor.name),
    ]);
    const renamed = new Map<string, string>();
    const copies: OnnxNode[] = [];
    for (const [name, array] of outputs) {
      const inner = this.value(array);
      this.#writeView(inner);
      if (fixed.has(inner) || renamed.has(inner))
        copies.push({ operator: "Identity", domain: "", inputs: [inner], outputs: [name], attributes: {} });
      else renamed.set(inner, name);
    }
    this.#nodes.push(...copies);
    for (const [at, node] of this.#nodes.entries())
      this.#nodes[at] = {
        ...node,
        inputs: node.inputs.map((own) => renamed.get(own) ?? own),
        outputs: node.outputs.map((own) => renamed.get(own) ?? own),
      };
  }

  #lowerAll(arrays: readonly AnyArray[]): void {
    for (const node of nodesBefore(arrays)) if (!this.#names.has(node)) this.#lower(node);
  }

  #lower(node: Node): void {
    const names = node.operation.lower(this, node.inputs);
    this.#names.set(node, names);
    for (const name of names) this.#own.add(name);
    const [first] = names;
    if (node.operation.isThin === true && first !== undefined) this.#thin.set(node, first);
  }

  #name(array: AnyArray): string {
    const name = this.#names.get(array.node)?.[array.output];
    if (name === undefined) throw new Error(`lowering: "${array.node.operation.name}" is used before it is written`);
    return name;
  }
}

/** Sizes of `array` with 1 for every axis of `axes` that it lacks; the axes it has stand in their order. */
export function thinShape(array: Form, axes: string): number[] {
  const own = letters(array.axes);
  return letters(axes).map((letter) => array.shape[own.indexOf(letter)] ?? 1);
}
