import { useEffect, useState } from "preact/hooks";

/** A picture that has come, or why it does not. */
export interface ShownPicture {
  /** `null` until the first has come. */
  readonly src: string | null;
  readonly problem: string | null;
}

/** The picture at an address that changes faster than pictures come: those that are passed over are never asked for. */
export function usePicture(address: string): ShownPicture {
  const [shown, setShown] = useState<ShownPicture>({ src: null, problem: null });
  const [loader] = useState(() => new Loader(setShown));
  useEffect(() => loader.want(address), [loader, address]);
  useEffect(() => () => loader.stop(), [loader]);
  return shown;
}

class Loader {
  readonly #shown: (picture: ShownPicture) => void;
  #wanted: string | null = null;
  #isBusy = false;
  #src: string | null = null;
  #isStopped = false;

  constructor(shown: (picture: ShownPicture) => void) {
    this.#shown = shown;
  }

  want(address: string): void {
    this.#wanted = address;
    if (!this.#isBusy) void this.#load();
  }

  stop(): void {
    this.#isStopped = true;
    this.#wanted = null;
    if (this.#src !== null) URL.revokeObjectURL(this.#src);
  }

  async #load(): Promise<void> {
    this.#isBusy = true;
    while (this.#wanted !== null) {
      const address = this.#wanted;
      this.#wanted = null;
      const picture = await fetched(address);
      if (this.#isStopped) break;
      const before = this.#src;
      this.#src = picture.src;
      this.#shown(picture);
      if (before !== null) URL.revokeObjectURL(before);
    }
    this.#isBusy = false;
  }
}

async function fetched(address: string): Promise<ShownPicture> {
  try {
    const response = await fetch(address);
    if (response.ok) return { src: URL.createObjectURL(await response.blob()), problem: null };
    const { error } = await response.json();
    return { src: null, problem: String(error) };
  } catch {
    return { src: null, problem: "the dashboard does not answer" };
  }
}
