import type { ArrayLiteralExpression, Node } from "typescript/unstable/ast";
import { SyntaxKind } from "typescript/unstable/ast";
import {
  isArrayLiteralExpression,
  isAsExpression,
  isBinaryExpression,
  isConditionalExpression,
  isIdentifier,
  isIfStatement,
  isPrefixUnaryExpression,
  isSpreadElement,
  isVariableDeclaration,
} from "typescript/unstable/ast/is";
import { nodesIn } from "../syntax.ts";
import { calleeOf, type Edit, edit, withoutEach } from "./edit.ts";

/** Functions that put a constant, or another array, where a mask says that nothing is real: (mask, values, otherwise). */
const selections = ["select", "selectAny", "where"];

/** What is selected as it came: selections in programs, and on the host the question whether a cell is real. */
export function findSelections(node: Node): Edit[] {
  const called = calleeOf(node);
  if (called === null) return [];
  const { call, name, on } = called;
  if (on === null && selections.includes(name) && call.arguments.length === 3)
    return [edit("selection", node, `(${call.arguments[1]!.getText()})`)];
  if (on === null) return [];
  if (name === "selected") return [edit("selection", node, `${on.getText()}.read((values) => values)`)];
  if (name === "isReal") return [edit("selection", node, "true")];
  return [];
}

/** Facts of a batch that the code keeps as a boolean each: `targetReal`, `historyKept`. */
const factName = /(Real|Kept|isReadable)$/;

/** Each of the facts that a validity is made of, taken as true. */
export function findFacts(node: Node): Edit[] {
  const called = calleeOf(node);
  if (called?.on != null && ["every", "some"].includes(called.name) && /validity$/i.test(called.on.getText())) {
    const parts = called.call.arguments.at(-1);
    return parts !== undefined && isArrayLiteralExpression(parts) ? factsOf(parts) : [];
  }
  if (isBinaryExpression(node) && /^bit === 1$/.test(node.getText())) return [edit("fact", node, "true")];
  if (isIdentifier(node) && factName.test(node.text) && isAsked(node)) return [edit("fact", node, "true")];
  return [];
}

/** A list that is spread into the facts is taken apart where it is written. */
function factsOf(parts: ArrayLiteralExpression): Edit[] {
  const spread = parts.elements.flatMap((element) => {
    if (!isSpreadElement(element) || !isIdentifier(element.expression)) return [];
    const list = listNamed(element.expression.text, parts.getSourceFile());
    return list === null ? [] : withoutEach("fact", list);
  });
  return [...withoutEach("fact", parts), ...spread];
}

function listNamed(name: string, file: Node): ArrayLiteralExpression | null {
  for (const node of nodesIn(file)) {
    if (!isVariableDeclaration(node) || node.name.getText() !== name || node.initializer === undefined) continue;
    const value = isAsExpression(node.initializer) ? node.initializer.expression : node.initializer;
    if (isArrayLiteralExpression(value)) return value;
  }
  return null;
}

/** Whether a name stands where a program decides something by it. */
function isAsked(node: Node): boolean {
  const { parent } = node;
  if (isPrefixUnaryExpression(parent)) return parent.operator === SyntaxKind.ExclamationToken;
  if (isConditionalExpression(parent)) return parent.condition === node;
  if (isIfStatement(parent)) return parent.expression === node;
  if (!isBinaryExpression(parent)) return false;
  const { kind } = parent.operatorToken;
  return kind === SyntaxKind.AmpersandAmpersandToken || kind === SyntaxKind.BarBarToken;
}
