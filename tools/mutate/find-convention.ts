import type { Node, SourceFile } from "typescript/unstable/ast";
import { SyntaxKind } from "typescript/unstable/ast";
import {
  isArrayLiteralExpression,
  isAsExpression,
  isBinaryExpression,
  isExpressionStatement,
  isStringLiteral,
  isVariableDeclaration,
} from "typescript/unstable/ast/is";
import { nodesIn, type Syntax } from "../syntax.ts";
import { calleeOf, type Edit, edit, type Finder, withoutEach } from "./edit.ts";

/** Functions that stop weights which are not what the program expects. */
const checks = ["checkConventions", "checkParameters"];

/** Where conventions are listed and compared. */
const [listed, compared] = ["src/checkpoint/convention-name.ts", "src/checkpoint/conventions.ts"];

/** The checks of conventions, each convention in them, and every choice that the code makes by one. */
export function conventionFinder(syntax: Syntax): Finder {
  const words = conventionWords(syntax);
  return (node) => [...findChecks(node), ...findChoices(node, words)];
}

function findChecks(node: Node): Edit[] {
  if (isExpressionStatement(node) && checks.includes(calleeOf(node.expression)?.name ?? ""))
    return [edit("convention", node, "")];
  if (isVariableDeclaration(node) && node.name.getText() === "conventionNames" && isIn(node, listed)) {
    const list = arrayOf(node.initializer);
    return list === null ? [] : withoutEach("convention", list);
  }
  if (!isIn(node, compared)) return [];
  if (isBinaryExpression(node) && node.operatorToken.kind === SyntaxKind.ExclamationEqualsEqualsToken)
    return [edit("convention", node, "false")];
  return calleeOf(node)?.name === "has" ? [edit("convention", node, "true"), edit("convention", node, "false")] : [];
}

function findChoices(node: Node, words: ReadonlySet<string>): Edit[] {
  if (!isBinaryExpression(node) || node.operatorToken.kind !== SyntaxKind.EqualsEqualsEqualsToken) return [];
  if (!isStringLiteral(node.right) || !words.has(node.right.text)) return [];
  return [edit("convention", node, "true"), edit("convention", node, "false")];
}

/** Every word that a convention may be: the members of the lists that the manifest's conventions are read by. */
function conventionWords(syntax: Syntax): Set<string> {
  const schema = syntax.get(compared);
  const lists = new Set(schema === undefined ? [] : [...nodesIn(schema)].flatMap(listOfEnum));
  return new Set([...syntax.values()].flatMap((file) => wordsOf(file, lists)));
}

/** `unrealInputs` of `z.enum(unrealInputs)`. */
function listOfEnum(node: Node): string[] {
  const called = calleeOf(node);
  return called?.name === "enum" ? called.call.arguments.map((list) => list.getText()) : [];
}

function wordsOf(file: SourceFile, lists: ReadonlySet<string>): string[] {
  if (lists.size === 0) return [];
  return [...nodesIn(file)].flatMap((node) => {
    if (!isVariableDeclaration(node) || !lists.has(node.name.getText())) return [];
    return (arrayOf(node.initializer)?.elements ?? []).flatMap((word) => (isStringLiteral(word) ? [word.text] : []));
  });
}

function arrayOf(node: Node | undefined) {
  const value = node !== undefined && isAsExpression(node) ? node.expression : node;
  return value !== undefined && isArrayLiteralExpression(value) ? value : null;
}

function isIn(node: Node, path: string): boolean {
  return node.getSourceFile().fileName.endsWith(`/${path}`);
}
