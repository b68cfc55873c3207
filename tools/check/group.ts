import type { Node } from "typescript/unstable/ast";
import {
  isAsExpression,
  isObjectLiteralExpression,
  isParenthesizedExpression,
  isSatisfiesExpression,
  isSpreadAssignment,
} from "typescript/unstable/ast/is";
import { nodesIn, type Syntax } from "../syntax.ts";
import { type Finding, lineAt } from "./source.ts";

/**
 * Literals that are spread into literals, as in `{ ...{ a, b }, c }`.
 *
 * The compiler asks no excess property of what is spread, so that a misspelt key in such a group is none of its errors.
 */
export function groupedProperties(syntax: Syntax): Finding[] {
  return [...syntax].flatMap(([path, file]) =>
    [...nodesIn(file)].filter(isGroup).map((node) => ({
      path,
      line: lineAt(file.text, node.getStart()),
      message: "a literal is spread into a literal, which hides misspelt keys; write its properties out",
    })),
  );
}

function isGroup(node: Node): boolean {
  return isSpreadAssignment(node) && isObjectLiteralExpression(bare(node.expression));
}

/** An expression without the brackets and types around it. */
function bare(node: Node): Node {
  const isWrapped = isParenthesizedExpression(node) || isAsExpression(node) || isSatisfiesExpression(node);
  return isWrapped ? bare(node.expression) : node;
}
