import type { ArrayLiteralExpression, CallExpression, Node } from "typescript/unstable/ast";
import { isCallExpression, isIdentifier, isPropertyAccessExpression } from "typescript/unstable/ast/is";
import type { GuardKind } from "./guard.ts";

/** What a node becomes where a guard in it is missing. */
export interface Edit {
  readonly kind: GuardKind;
  readonly node: Node;
  readonly after: string;
  /** The guard itself, where more than it is written anew. */
  readonly guard: Node;
}

/** Finds the guards of one kind in one node; the nodes in it are asked by themselves. */
export type Finder = (node: Node) => readonly Edit[];

export function edit(kind: GuardKind, node: Node, after: string): Edit {
  return { kind, node, after, guard: node };
}

/** Name of the function or method that a call calls, and what it is called on; `null` for any other node. */
export function calleeOf(node: Node): { call: CallExpression; name: string; on: Node | null } | null {
  if (!isCallExpression(node)) return null;
  const { expression } = node;
  if (isIdentifier(expression)) return { call: node, name: expression.text, on: null };
  if (!isPropertyAccessExpression(expression)) return null;
  return { call: node, name: expression.name.getText(), on: expression.expression };
}

/** An array once for each of its elements, each time without it. An array of one has no other to stand for it. */
export function withoutEach(kind: GuardKind, array: ArrayLiteralExpression): Edit[] {
  const { elements } = array;
  if (elements.length < 2) return [];
  return elements.map((left) => {
    const rest = elements.filter((element) => element !== left).map((element) => element.getText());
    return { kind, node: array, after: `[${rest.join(", ")}]`, guard: left };
  });
}
