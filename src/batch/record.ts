/** A record made entry by entry. Each entry has the type that the record gives its name. */
export function recordOf<R extends object>(names: readonly (keyof R)[], make: <K extends keyof R>(name: K) => R[K]): R {
  const out: Partial<R> = {};
  for (const name of names) out[name] = make(name);
  if (!hasAll(out, names))
    throw new TypeError(`recordOf: expected ${names.join(", ")}, got ${Object.keys(out).join(", ")}`);
  return out;
}

/** The names of a table's rows, in their order. */
export function namesOf<T extends object>(table: T): readonly Extract<keyof T, string>[] {
  return Object.keys(table).filter((name) => isRowOf(table, name));
}

function hasAll<R extends object>(found: Partial<R>, names: readonly (keyof R)[]): found is R {
  return names.every((name) => Object.hasOwn(found, name));
}

function isRowOf<T extends object>(table: T, name: string): name is Extract<keyof T, string> {
  return Object.hasOwn(table, name);
}
