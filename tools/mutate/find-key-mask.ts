import type { Node } from "typescript/unstable/ast";
import { calleeOf, type Edit, edit } from "./edit.ts";

/** What hides keys from attention: each half of a mask that is joined, the mask itself, and positions that count real tokens. */
export function findKeyMasks(node: Node): Edit[] {
  const called = calleeOf(node);
  if (called === null || called.on !== null) return [];
  const [first, second] = called.call.arguments;
  if (first === undefined) return [];
  if (["and", "or"].includes(called.name) && second !== undefined)
    return [edit("key mask", node, first.getText()), edit("key mask", node, second.getText())];
  if (called.name === "maskedSoftmax") return [edit("key mask", node, `softmax(${first.getText()})`)];
  if (["realPositions", "axisPositions"].includes(called.name)) {
    const everyToken = `SymbolicValidity.complete("b n", ${first.getText()}.shape).isReal`;
    const others = called.call.arguments.slice(1).map((argument) => `, ${argument.getText()}`);
    return [edit("key mask", node, `${called.name}(${everyToken}${others.join("")})`)];
  }
  return [];
}

/** Each place where a rule of padding is asked about. */
export function findRules(node: Node): Edit[] {
  return calleeOf(node)?.name === "keeps" ? [edit("rule", node, "false")] : [];
}
