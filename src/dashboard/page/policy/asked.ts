import { useEffect, useState } from "preact/hooks";
import type { ChunksJson } from "../../policy/chunks.ts";
import type { Hover } from "../chart/hover.ts";
import { fetchJson } from "../fetched.ts";

/** What the policy does at the row of the cursor. */
export interface AskedChunks {
  readonly chunks: ChunksJson | null;
  readonly problem: string | null;
}

/** Asks wherever the cursor is, one question at a time: rows that it passes meanwhile are left out. */
export function useChunks(address: string, cursor: Hover): AskedChunks {
  const [asked, setAsked] = useState<AskedChunks>({ chunks: null, problem: null });
  useEffect(() => {
    let isWanted = true;
    let isBusy = false;
    let wanted: number | null = null;
    const ask = async () => {
      if (isBusy) return;
      isBusy = true;
      while (wanted !== null && isWanted) {
        const row = wanted;
        wanted = null;
        const found = await chunksOf(`${address}&row=${row}`);
        if (isWanted) setAsked(found);
      }
      isBusy = false;
    };
    const want = (row: number | null) => {
      wanted = row ?? 0;
      void ask();
    };
    const forget = cursor.listen(want);
    want(cursor.step);
    return () => {
      isWanted = false;
      forget();
    };
  }, [address, cursor]);
  return asked;
}

async function chunksOf(address: string): Promise<AskedChunks> {
  try {
    return { chunks: await fetchJson<ChunksJson>(address), problem: null };
  } catch (error) {
    return { chunks: null, problem: error instanceof Error ? error.message : String(error) };
  }
}
