import { closeSync, fstatSync, openSync } from "node:fs";
import { type Foreign, ownFunction, view } from "./foreign-library.ts";

/** A file in memory: the system reads a page of it when somebody looks at it, and may let go of it again. */
export class MappedFile {
  /** All of the file, to be read alone: who writes here ends the process. */
  readonly bytes: ArrayBuffer;

  private constructor(place: Place) {
    this.bytes = view(place.address, place.length);
    places.add(place);
    unused.register(this.bytes, place);
  }

  /** `null` where the system maps no files, or there is nothing in it. @throws Error where it cannot be opened */
  static open(path: string): MappedFile | null {
    if (system === null) return null;
    const file = openSync(path, "r");
    try {
      const length = fstatSync(file).size;
      const address = length === 0 ? failed : BigInt(system.mmap(null, length, readable, privately, file, 0));
      return address === failed ? null : new MappedFile({ address, length });
    } finally {
      closeSync(file);
    }
  }

  /** Lets go of the pages of every mapped file: those that somebody looks at again are read again. */
  static letGo(): void {
    for (const { address, length } of places) system?.madvise(address, length, notNeeded);
  }
}

interface Place {
  readonly address: bigint;
  readonly length: number;
}

interface MemorySystem {
  readonly mmap: Foreign;
  readonly munmap: Foreign;
  readonly madvise: Foreign;
}

/** Numbers of `sys/mman.h`, the same on Linux and macOS. */
const readable = 1;
const privately = 2;
const notNeeded = 4;
const failed = 2n ** 64n - 1n;

const system: MemorySystem | null = process.platform === "win32" ? null : systemOfMemory();

function systemOfMemory(): MemorySystem {
  return {
    mmap: ownFunction("mmap", "uint64_t", ["void *", "size_t", "int", "int", "int", "int64_t"]),
    munmap: ownFunction("munmap", "int", ["void *", "size_t"]),
    madvise: ownFunction("madvise", "int", ["void *", "size_t", "int"]),
  };
}

const places = new Set<Place>();

/** A file whose bytes nobody holds any more leaves the memory. */
const unused = new FinalizationRegistry((place: Place) => {
  places.delete(place);
  system?.munmap(place.address, place.length);
});
