import type { LibraryHandle } from "koffi";
import { openLibrary } from "../../graph/runtime/foreign-library.ts";
import { InputError } from "../../input-error.ts";
import type { Dialect, MakeDialect } from "./dialect.ts";
import type { Family, Launch } from "./launch.ts";
import { mpich } from "./mpich.ts";
import { openMpi } from "./open-mpi.ts";

/** A library of MPI, opened, and how it speaks. */
export interface MpiLibrary {
  readonly file: string;
  /** As the library names itself: "Open MPI v4.1.4". */
  readonly version: string;
  readonly library: LibraryHandle;
  readonly dialect: Dialect;
}

/** Names a library's file where it is none of those that are looked for. */
export const libraryVariable = "ARMATURE_MPI_LIBRARY";

/** By the numbers of their binary interfaces: `.so` without one may be the other implementation's. */
const files = { "open-mpi": ["libmpi.so.40"], mpich: ["libmpich.so.12", "libmpi.so.12"] } as const;

const packages = { "open-mpi": "openmpi-bin", mpich: "mpich" } as const;

const dialects: readonly { readonly sign: RegExp; readonly make: MakeDialect }[] = [
  { sign: /^Open MPI/, make: openMpi },
  { sign: /MPICH|MVAPICH|Intel\(R\) MPI/, make: mpich },
];

/** MPICH asks for as many bytes. */
const longestVersion = 8192;

/**
 * Opens the library that belongs to the launcher.
 *
 * @param named the value of `libraryVariable`, where it is set
 * @throws InputError naming the package to install if there is none, or if it is of no known kind
 */
export function openMpiLibrary({ launcher, size, families }: Launch, named: string | undefined): MpiLibrary {
  const candidates = named === undefined ? families.flatMap((family): readonly string[] => files[family]) : [named];
  const refusals: string[] = [];
  for (const file of candidates) {
    try {
      return describe(file, openLibrary(file, "global"));
    } catch (error) {
      if (error instanceof InputError) throw error;
      refusals.push(`${file}: ${error instanceof Error ? error.message : error}`);
    }
  }
  throw new InputError(
    `ranks: ${launcher} started ${size} processes, but no MPI can be loaded (${refusals.join("; ")}); install the Debian ` +
      `package ${packages[likeliest(families)]} on every host, or name the library's file in ${libraryVariable}`,
  );
}

function describe(file: string, library: LibraryHandle): MpiLibrary {
  const version = versionOf(library);
  const dialect = dialects.find(({ sign }) => sign.test(version));
  if (dialect === undefined)
    throw new InputError(`ranks: ${file}: expected Open MPI or a kind of MPICH, got "${version}"`);
  return { file, version, library, dialect: dialect.make(library) };
}

function likeliest([first = "open-mpi"]: readonly Family[]): Family {
  return first;
}

function versionOf(library: LibraryHandle): string {
  const [text, length] = [Buffer.alloc(longestVersion), new Int32Array(1)];
  library.func("MPI_Get_library_version", "int", ["void *", "void *"])(text, length);
  const [line = ""] = text.toString("utf8", 0, length[0]).split(/[\n,]/);
  return line.replaceAll(/\s+/g, " ").trim();
}
