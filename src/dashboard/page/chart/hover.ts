import { useEffect, useState } from "preact/hooks";

/** The step that all charts of a view point at together; `null` for none. */
export class Hover {
  #step: number | null = null;
  readonly #heard = new Set<(step: number | null) => void>();

  get step(): number | null {
    return this.#step;
  }

  point(step: number | null): void {
    if (step === this.#step) return;
    this.#step = step;
    for (const heard of this.#heard) heard(step);
  }

  /** @returns what stops it */
  listen(heard: (step: number | null) => void): () => void {
    this.#heard.add(heard);
    return () => this.#heard.delete(heard);
  }
}

export function useHoverStep(hover: Hover): number | null {
  const [step, setStep] = useState(hover.step);
  useEffect(() => {
    setStep(hover.step);
    return hover.listen(setStep);
  }, [hover]);
  return step;
}
