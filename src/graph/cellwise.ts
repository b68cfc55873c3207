import type { Attributes } from "./attribute.ts";
import { thinShape } from "./lowering.ts";
import type { OnnxOperator } from "./onnx-form.ts";
import type { AnyArray, Form, Lowering } from "./operation.ts";

/** What an operator reads beside others of one form: an array, thin or whole, or what a name stands for. */
export type Operand = AnyArray | { readonly whole: string } | { readonly scalar: string };

/**
 * One node of an operator that works cell by cell on operands of one form; the name of its result.
 *
 * It reads arrays under the shape in which they were written and not the one they are seen in, so that a view between two
 * operators costs nothing: what a product writes as rows goes to the next product as rows.
 */
export function cellwise(
  lowering: Lowering,
  { operator, attributes = {} }: { readonly operator: OnnxOperator; readonly attributes?: Attributes },
  form: Form,
  operands: readonly Operand[],
): string {
  const hasWhole = operands.some((operand) => "whole" in operand || ("node" in operand && !lowering.isThin(operand)));
  const first = operands.findIndex((operand) => "node" in operand);
  const parts = operands.map((operand, at): Part => {
    if ("scalar" in operand) return { name: operand.scalar, thin: [] };
    if ("whole" in operand) return { name: operand.whole, thin: null };
    if (!lowering.isThin(operand) || (!hasWhole && at === first)) return { name: lowering.value(operand), thin: null };
    return { name: lowering.thin(operand), thin: thinShape(operand.node.inputs[0]!, operand.axes) };
  });
  const shape = commonShape(lowering, form.shape, parts);
  const names = parts.map(({ name, thin }) => {
    if (thin === null) return lowering.reshaped(name, form.shape, shape);
    return thin.length === 0 ? name : lowering.reshaped(name, thin, beside(thin, form.shape, shape) ?? thin);
  });
  return lowering.reshaped(lowering.node(operator, names, attributes), shape, form.shape);
}

/** Rows of an array, under the shape in which they were written where that has the same last axis. */
export function asRows(lowering: Lowering, name: string, shape: readonly number[]): ReturnType<Lowering["original"]> {
  const written = lowering.original(name, shape);
  return written.shape.at(-1) === shape.at(-1) ? written : { name, shape };
}

/** A name of an operand, and its shape with 1 for what it lacks; `null` where it is whole. */
interface Part {
  readonly name: string;
  readonly thin: readonly number[] | null;
}

/** The shape in which most of the whole operands were written, the flattest of several, and in which the thin ones fit. */
function commonShape(lowering: Lowering, shape: readonly number[], parts: readonly Part[]): readonly number[] {
  const written = parts.flatMap(({ name, thin }) => (thin === null ? [lowering.original(name, shape).shape] : []));
  const votes = (candidate: readonly number[]) => written.filter((each) => each.join() === candidate.join()).length;
  const fits = (candidate: readonly number[]) =>
    parts.every(({ thin }) => thin === null || thin.length === 0 || beside(thin, shape, candidate) !== null);
  const [best] = written.filter(fits).sort((one, other) => votes(other) - votes(one) || one.length - other.length);
  return best ?? shape;
}

/**
 * The shape of a thin array beside a whole one that is seen in another shape, without the 1s in front.
 *
 * `[1 1 e]` beside `[b n e]` is `[e]` beside `[b·n e]`; `[b 1 e]` has no place there: `null`.
 */
function beside(thin: readonly number[], whole: readonly number[], other: readonly number[]): number[] | null {
  if (whole.join() === other.join()) return withoutLeadingOnes(thin);
  if (whole.includes(0)) return null;
  const shape: number[] = [];
  let [from, to] = [0, 0];
  while (from < whole.length || to < other.length) {
    const [start, end] = [from, to];
    let [product, otherProduct] = [1, 1];
    do {
      if (from < whole.length && product <= otherProduct) product *= whole[from++]!;
      else otherProduct *= other[to++]!;
    } while (product !== otherProduct);
    const group = Array.from({ length: from - start }, (_, at) => start + at).filter((at) => whole[at] !== 1);
    if (group.every((at) => thin[at] === 1)) shape.push(...other.slice(end, to).map(() => 1));
    else if (group.every((at) => thin[at] === whole[at])) shape.push(...other.slice(end, to));
    else return null;
  }
  return withoutLeadingOnes(shape);
}

function withoutLeadingOnes(shape: readonly number[]): number[] {
  const first = shape.findIndex((size) => size !== 1);
  return first < 0 ? [] : shape.slice(first);
}
