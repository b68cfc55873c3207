import { Validity } from "../../validity/validity.ts";
import type { Batch } from "../batch.ts";
import { eachFact } from "../each.ts";
import type { FactName } from "../fields.ts";

/** A batch in which one fact says something else; values, and what is said of their cells, stay. */
export function withFact(batch: Batch, name: FactName, bit: (at: number, before: number) => number): Batch {
  const facts = eachFact<"host">((each, axes) => {
    const { shape, bits } = batch.facts[each];
    return Validity.of(axes, shape, each === name ? bits.map((before, at) => bit(at, before)) : bits);
  });
  return { ...batch, facts };
}
