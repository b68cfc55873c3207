import { useEffect, useMemo, useState } from "preact/hooks";

/** Where the page is: everything that a view shows follows from it, so that a link shows the same to everyone. */
export interface PageAddress {
  /** `training` of `/training?run=wide`. */
  readonly view: string;
  readonly query: URLSearchParams;
}

/** New values by key: one, several, or `null` for none. */
export type QueryChange = Readonly<Record<string, string | readonly string[] | null>>;

/** What going somewhere does to the browser's way back: a view is a step of it, a moving slider is not. */
export type Step = "push" | "replace";

const moved = new EventTarget();
addEventListener("popstate", () => moved.dispatchEvent(new Event("move")));

export function useAddress(): PageAddress {
  const [href, setHref] = useState(location.href);
  useEffect(() => {
    const update = () => setHref(location.href);
    moved.addEventListener("move", update);
    return () => moved.removeEventListener("move", update);
  }, []);
  return useMemo(() => parse(href), [href]);
}

/** Changes some values of the query and leaves the others. */
export function changeQuery(change: QueryChange, step: Step): void {
  const url = new URL(location.href);
  for (const [key, value] of Object.entries(change)) {
    url.searchParams.delete(key);
    for (const each of value === null ? [] : typeof value === "string" ? [value] : value)
      url.searchParams.append(key, each);
  }
  go(url.href, step);
}

export function go(href: string, step: Step): void {
  if (step === "push") history.pushState(null, "", href);
  else history.replaceState(null, "", href);
  moved.dispatchEvent(new Event("move"));
}

function parse(href: string): PageAddress {
  const url = new URL(href);
  return { view: url.pathname.slice(1), query: url.searchParams };
}

/** A whole number of the query; `null` where it is none. */
export function wholeNumber(text: string | null): number | null {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null;
}
