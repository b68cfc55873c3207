import { type Axis, cells, letters } from "./axes.ts";
import { writeInBfloat16 } from "./bfloat16.ts";
import { writeIntegerProduct } from "./integer-product.ts";
import type { AnyArray, Form, Lowering } from "./operation.ts";
import type { Product, Roles } from "./roles.ts";

/** A product of two arrays: of integers where one is a weight that the program holds as such, else of the numbers as they are. */
export function writeProduct(product: Product, roles: Roles, x: AnyArray, y: AnyArray): string {
  const [left, right] =
    roles.batch.length > 0 ? [null, null] : [x, y].map((array) => product.lowering.integerWeight(array));
  if (left && !right) return writeIntegerProduct(product, roles, y, { array: x, weight: left });
  if (right && !left) return writeIntegerProduct(product, roles, x, { array: y, weight: right });
  return writePlainProduct(product, roles, x, y);
}

/** One matrix product between reshapes, with a transposition only where the layout asks for it. */
function writePlainProduct(product: Product, roles: Roles, x: AnyArray, y: AnyArray): string {
  const { lowering, output } = product;
  const { batch, first, second, summed } = cheapest(roles, output, x, y);
  const { size } = roles;
  const a = matrix(lowering, size, first.array, [batch, first.free, summed]);
  const b = matrix(lowering, size, second.array, [batch, summed, second.free]);
  const flat = batch.length === 0 ? gemm(product, a, b, x) : batched(product, a, b, x);
  const order = [...batch, ...first.free, ...second.free];
  const sizes = (axes: readonly Axis[]) => axes.map((letter) => size.get(letter)!);
  const flatShape = [...(batch.length === 0 ? [] : [batch]), first.free, second.free].map((group) =>
    cells(sizes(group)),
  );
  if (isSameLayout(order, letters(output), size)) return lowering.reshaped(flat, flatShape, sizes(letters(output)));
  const whole = lowering.reshaped(flat, flatShape, sizes(order));
  return lowering.node("Transpose", [whole], { perm: letters(output).map((letter) => order.indexOf(letter)) });
}

interface Operand {
  readonly array: AnyArray;
  /** Its axes that the other lacks. */
  readonly free: readonly Axis[];
}

/** In which order axes stand in the two matrices, and which of them comes first. */
interface Plan {
  readonly batch: readonly Axis[];
  readonly first: Operand;
  readonly second: Operand;
  readonly summed: readonly Axis[];
}

/** Of all orders that one of the arrays already has, those that move the fewest cells. */
function cheapest(roles: Roles, output: string, x: AnyArray, y: AnyArray): Plan {
  const asIn = (axes: string, group: readonly Axis[]) => letters(axes).filter((letter) => group.includes(letter));
  let best: { readonly cost: number; readonly plan: Plan } | undefined;
  for (const batch of [output, x.axes, y.axes].map((axes) => asIn(axes, roles.batch)))
    for (const left of [output, x.axes].map((axes) => asIn(axes, roles.left)))
      for (const right of [output, y.axes].map((axes) => asIn(axes, roles.right)))
        for (const summed of [x.axes, y.axes].map((axes) => asIn(axes, roles.summed))) {
          const operands = [
            { array: x, free: left },
            { array: y, free: right },
          ] as const;
          for (const [first, second] of [operands, [operands[1], operands[0]] as const]) {
            const plan = { batch, first, second, summed };
            const cost = costOf(plan, output, roles.size);
            if (best === undefined || cost < best.cost) best = { cost, plan };
          }
        }
  return best!.plan;
}

function costOf({ batch, first, second, summed }: Plan, output: string, size: Roles["size"]): number {
  const operand = ({ array, free }: Operand) => {
    const own = letters(array.axes);
    return Math.min(moved(own, [...batch, ...free, ...summed], size), moved(own, [...batch, ...summed, ...free], size));
  };
  const order = [...batch, ...first.free, ...second.free];
  return operand(first) + operand(second) + moved(order, letters(output), size);
}

/** Cells that a transposition moves, weighed: inside of rows it moves them one by one. */
function moved(from: readonly Axis[], to: readonly Axis[], size: Roles["size"]): number {
  if (isSameLayout(from, to, size)) return 0;
  const count = cells(from.map((letter) => size.get(letter)!));
  return count * (wide(from, size).at(-1) === wide(to, size).at(-1) ? 1 : 4);
}

interface Matrix {
  readonly name: string;
  /** Stored with rows and columns exchanged. */
  readonly isTransposed: boolean;
}

/** An array as `[batch, rows, columns]`, or `[rows, columns]` without batch axes; with both exchanged where that is nearer. */
function matrix(
  lowering: Lowering,
  size: Roles["size"],
  array: AnyArray,
  [batch, rows, columns]: readonly [batch: readonly Axis[], rows: readonly Axis[], columns: readonly Axis[]],
): Matrix {
  const own = letters(array.axes);
  const [plain, exchanged] = [
    [...batch, ...rows, ...columns],
    [...batch, ...columns, ...rows],
  ];
  const isTransposed = moved(own, exchanged, size) < moved(own, plain, size);
  const wanted = isTransposed ? exchanged : plain;
  const count = (group: readonly Axis[]) => cells(group.map((letter) => size.get(letter)!));
  const groups = [...(batch.length === 0 ? [] : [batch]), ...(isTransposed ? [columns, rows] : [rows, columns])];
  const value = lowering.value(array);
  if (isSameLayout(own, wanted, size))
    return { name: lowering.reshaped(value, array.shape, groups.map(count)), isTransposed };
  const perm = wanted.map((letter) => own.indexOf(letter));
  const ordered = lowering.node("Transpose", [value], { perm });
  return {
    name: lowering.reshaped(
      ordered,
      perm.map((at) => array.shape[at]!),
      groups.map(count),
    ),
    isTransposed,
  };
}

function gemm({ lowering, factor }: Product, a: Matrix, b: Matrix, like: Form): string {
  const attributes = { transA: a.isTransposed ? 1 : 0, transB: b.isTransposed ? 1 : 0 };
  const product = isInBfloat16(lowering, like)
    ? writeInBfloat16(lowering, [a.name, b.name], (halves) => lowering.node("Gemm", halves, attributes))
    : lowering.node("Gemm", [a.name, b.name], attributes);
  return scaled(lowering, product, factor, like);
}

/** Float64 takes the plain product: `FusedMatMul`, of ONNX Runtime's own, rounds its factor to float32. */
function batched({ lowering, factor }: Product, a: Matrix, b: Matrix, like: Form): string {
  const attributes = { transA: a.isTransposed ? 1 : 0, transB: b.isTransposed ? 1 : 0 };
  if (isInBfloat16(lowering, like)) {
    const product = writeInBfloat16(lowering, [a.name, b.name], (halves) =>
      lowering.fused("FusedMatMul", halves, attributes),
    );
    return scaled(lowering, product, factor, like);
  }
  if (like.type === "float32" && ["runtime", "cuda"].includes(lowering.operators))
    return lowering.fused("FusedMatMul", [a.name, b.name], { ...attributes, alpha: { float: factor } });
  const straight = ({ name, isTransposed }: Matrix) =>
    isTransposed ? lowering.node("Transpose", [name], { perm: [0, 2, 1] }) : name;
  return scaled(lowering, lowering.node("MatMul", [straight(a), straight(b)]), factor, like);
}

function isInBfloat16({ operators }: Lowering, { type }: Form): boolean {
  return ["bfloat16", "cuda in bfloat16"].includes(operators) && type === "float32";
}

function scaled(lowering: Lowering, product: string, factor: number, like: Form): string {
  return factor === 1 ? product : lowering.node("Mul", [product, lowering.scalar(like, factor)]);
}

/** Whether cells lie in memory alike: an axis of size 1 may stand anywhere. */
function isSameLayout(one: readonly Axis[], other: readonly Axis[], size: Roles["size"]): boolean {
  return wide(one, size).join() === wide(other, size).join();
}

function wide(axes: readonly Axis[], size: Roles["size"]): Axis[] {
  return axes.filter((letter) => size.get(letter) !== 1);
}
