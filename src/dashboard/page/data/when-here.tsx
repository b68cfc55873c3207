import type { ComponentChildren } from "preact";
import type { FetchedJson } from "../fetched.ts";

interface WhenHereProps<T> {
  readonly found: FetchedJson<T>;
  /** What is done meanwhile, in words. */
  readonly meanwhile: string;
  readonly children: (value: T) => ComponentChildren;
}

/** What an address gave; until then what is waited for, and where it gave nothing why. */
export function WhenHere<T>({ found, meanwhile, children }: WhenHereProps<T>) {
  if (found.state === "loading")
    return (
      <p class="note" role="status">
        {meanwhile}…
      </p>
    );
  if (found.state === "failed")
    return (
      <p class="problems" role="alert">
        {found.message}
      </p>
    );
  return <>{children(found.value)}</>;
}
