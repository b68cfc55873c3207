import { useEffect, useState } from "preact/hooks";

/** What an address of the server gave. */
export type FetchedJson<T> =
  | { readonly state: "loading" }
  | { readonly state: "failed"; readonly message: string }
  | { readonly state: "here"; readonly value: T };

/** @throws Error with what the server says */
export async function fetchJson<T>(path: string): Promise<T> {
  const response = await fetch(path);
  const value = await response.json();
  if (!response.ok) throw new Error(String(value.error ?? response.statusText));
  return value;
}

/**
 * The JSON at an address; asked for again every so often, where it may change.
 *
 * @param everyMs 0 for once
 */
export function useJson<T>(path: string, everyMs: number): FetchedJson<T> {
  const [found, setFound] = useState<FetchedJson<T>>({ state: "loading" });
  useEffect(() => {
    let isWanted = true;
    let timer = 0;
    const ask = async () => {
      try {
        const value = await fetchJson<T>(path);
        if (isWanted) setFound({ state: "here", value });
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        // What is asked for again and again stays as it last was while the server is away.
        if (isWanted)
          setFound((before) => (everyMs > 0 && before.state === "here" ? before : { state: "failed", message }));
      }
      if (isWanted && everyMs > 0) timer = window.setTimeout(ask, everyMs);
    };
    void ask();
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [path, everyMs]);
  return found;
}
