import type { Expression, Node } from "typescript/unstable/ast";
import { SyntaxKind } from "typescript/unstable/ast";
import {
  isBinaryExpression,
  isConditionalExpression,
  isIdentifier,
  isNewExpression,
  isNonNullExpression,
  isParenthesizedExpression,
  isPropertyAccessExpression,
} from "typescript/unstable/ast/is";
import { calleeOf, type Edit, edit } from "./edit.ts";

/** Counts of what is real, wherever they are taken. */
export function findCounts(node: Node): Edit[] {
  if (isNewExpression(node) && node.expression.getText() === "Mean") {
    const [sum, count] = node.arguments ?? [];
    return count === undefined ? [] : [edit("count", node, `new Mean(${sum!.getText()}, (${count.getText()}) + 1)`)];
  }
  if (isPropertyAccessExpression(node) && node.name.getText() === "count" && /([rR]eal|valid)$/.test(inner(node)))
    return [edit("count", node, `${inner(node)}.bits.length`)];
  if (isBinaryExpression(node) && node.operatorToken.kind === SyntaxKind.PlusEqualsToken && isBit(node.right))
    return [edit("count", node, `${node.left.getText()} += 1`)];
  const called = calleeOf(node);
  // The counts of a global batch are those of its first part.
  if (called?.name === "addCounts") return [edit("count", node, `(${called.call.arguments[0]!.getText()})[0]!`)];
  return [];
}

/** Divisors, each off by one, and the questions whether there is anything to divide by: where losses and metrics are made. */
export function findDivisors(node: Node): Edit[] {
  if (isConditionalExpression(node)) {
    const { condition, whenTrue, whenFalse } = node;
    if (!isBinaryExpression(condition)) return [];
    const asked = `${condition.operatorToken.getText()} ${condition.right.getText()}`;
    if (["=== 0", "=== null"].includes(asked)) return [edit("count", node, `(${whenFalse.getText()})`)];
    return asked === "> 0" ? [edit("count", node, `(${whenTrue.getText()})`)] : [];
  }
  if (!isBinaryExpression(node) || node.operatorToken.kind !== SyntaxKind.SlashToken || isPlace(node)) return [];
  return factors(node.right).map((factor) => edit("count", factor, `(${factor.getText()} + 1)`));
}

function inner(node: Node): string {
  return isPropertyAccessExpression(node) ? node.expression.getText() : "";
}

function isBit(node: Expression): boolean {
  return /^bits\[.*\]!?$/.test(node.getText());
}

/** Whether a quotient is the number of a row, not a share. */
function isPlace({ parent }: Node): boolean {
  return calleeOf(parent)?.name === "floor";
}

/** The names that a divisor multiplies. */
function factors(divisor: Expression): Expression[] {
  if (isParenthesizedExpression(divisor) || isNonNullExpression(divisor)) return factors(divisor.expression);
  if (isBinaryExpression(divisor)) return [...factors(divisor.left), ...factors(divisor.right)];
  return isIdentifier(divisor) || isPropertyAccessExpression(divisor) ? [divisor] : [];
}
