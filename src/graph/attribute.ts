import type { OnnxAttribute } from "./onnx.ts";

/** Attributes of a node; bare numbers, lists and words are ONNX's ints, lists of ints and strings. */
export type Attributes = Readonly<Record<string, OnnxAttribute | number | readonly number[] | string>>;

/** Attributes with each kind written out. */
export function spell(attributes: Attributes): Record<string, OnnxAttribute> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]): [string, OnnxAttribute] => {
      if (typeof value === "number") return [name, { int: value }];
      if (typeof value === "string") return [name, { string: value }];
      return [name, isList(value) ? { ints: value } : value];
    }),
  );
}

function isList(value: OnnxAttribute | readonly number[]): value is readonly number[] {
  return Array.isArray(value);
}
