/** Time between two checks whether to stop. */
const stopEveryMs = 20;

/** A cell that threads share: not 0 where they are to stop. */
export function newStopCell(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

export function stopAt(cell: Int32Array): void {
  Atomics.store(cell, 0, 1);
}

/**
 * Sets a cell while threads work, once somebody wants them to stop.
 *
 * @param work given what looks at once
 */
export async function untilStopped<T>(
  cell: Int32Array,
  isStopped: () => boolean,
  work: (look: () => void) => Promise<T>,
): Promise<T> {
  const look = () => {
    if (isStopped()) stopAt(cell);
  };
  const looking = setInterval(look, stopEveryMs);
  try {
    look();
    return await work(look);
  } finally {
    clearInterval(looking);
  }
}
