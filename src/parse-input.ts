import { z } from "zod";
import { InputError } from "./input-error.ts";
import { didYouMean } from "./nearest.ts";

/**
 * A user's value as its schema describes it.
 *
 * @param where the file or flag that the value comes from
 * @throws InputError naming every problem at once by path; an unknown key with the nearest known one
 */
export function parseInput<T>(where: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.flatMap((issue) => describeIssue(schema, issue));
  throw new InputError(`${where}: ${problems.join("; ")}`);
}

/** One problem of a value: where, what was expected and what came. The value has to be parsed with `reportInput`. */
export function describedIssue(issue: z.core.$ZodIssue): string {
  const at = issue.path.join(".");
  return `${at === "" ? "" : `${at}: `}expected ${expectation(issue)}, got ${shown(given(issue))}`;
}

function describeIssue(schema: z.ZodType, issue: z.core.$ZodIssue): string[] {
  const at = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(schema, issue.path).map((key) => join(at, key));
    return issue.keys.map((key) => `unknown key "${join(at, key)}"${didYouMean(join(at, key), known)}`);
  }
  if (issue.code === "custom") return [at === "" ? issue.message : `${at}: ${issue.message}`];
  return [describedIssue(issue)];
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return aKind(issue.expected);
    case "invalid_value":
      return issue.values.map(shown).join(" or ");
    case "too_small":
      return `${sized(issue.origin)} ${issue.inclusive === false ? "above" : "of at least"} ${issue.minimum}`;
    case "too_big":
      return `${sized(issue.origin)} ${issue.inclusive === false ? "below" : "of at most"} ${issue.maximum}`;
    case "invalid_union":
      if ("options" in issue && issue.options !== undefined) return issue.options.map(shown).join(" or ");
      return [...new Set(issue.errors.flat().map(expectation))].join(" or ");
    default:
      return issue.message;
  }
}

/** The value that does not fit: of a group whose kind is unknown, the kind. */
function given(issue: z.core.$ZodIssue): unknown {
  const { input } = issue;
  const isOfUnknownKind = issue.code === "invalid_union" && issue.discriminator !== undefined;
  return isOfUnknownKind && typeof input === "object" && input !== null
    ? Reflect.get(input, issue.discriminator)
    : input;
}

function sized(origin: string): string {
  return origin === "number" || origin === "int" ? "a number" : `${aKind(origin)} with a length`;
}

function aKind(kind: string): string {
  if (kind === "int") return "a whole number";
  return /^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`;
}

/** A value in an error: short, on one line. */
function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text =
    typeof value === "number" || typeof value === "bigint" ? String(value) : (JSON.stringify(value) ?? typeof value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function join(at: string, key: string): string {
  return at === "" ? key : `${at}.${key}`;
}

/** The keys that a schema knows at a path. */
function keysAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodReadonly)
    return keysAt(schema.unwrap(), path);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => keysAt(option, path));
  const [key, ...rest] = path;
  if (schema instanceof z.ZodArray && key !== undefined) return keysAt(schema.element, rest);
  if (schema instanceof z.ZodRecord && key !== undefined) return keysAt(schema.valueType, rest);
  if (!(schema instanceof z.ZodObject)) return [];
  if (key === undefined) return Object.keys(schema.shape);
  const inner: z.core.$ZodType | undefined = schema.shape[String(key)];
  return inner === undefined ? [] : keysAt(inner, rest);
}
