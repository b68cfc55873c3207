import { useEffect, useMemo } from "preact/hooks";
import { changeQuery } from "../address.ts";
import { Hover } from "../chart/hover.ts";

/** How long the cursor rests before the address has it. */
const restMs = 250;

/**
 * The row that a view points at, which the address keeps once it rests.
 *
 * @param length rows from 0 to before this
 */
export function useCursor(query: URLSearchParams, length: number): Hover {
  const asked = Number(query.get("row") ?? 0);
  const row = Number.isInteger(asked) && asked > 0 ? Math.min(asked, length - 1) : 0;
  const cursor = useMemo(() => new Hover(), []);
  useEffect(() => cursor.point(row), [cursor, row]);
  useEffect(() => {
    let timer = 0;
    const forget = cursor.listen((at) => {
      clearTimeout(timer);
      timer = window.setTimeout(() => changeQuery({ row: String(at ?? 0) }, "replace"), restMs);
    });
    return () => {
      clearTimeout(timer);
      forget();
    };
  }, [cursor]);
  return cursor;
}
