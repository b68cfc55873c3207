import type * as foreign from "koffi";
import { optionalPackage } from "../../optional-package.ts";

// Without its binary for this machine, which npm leaves out under --omit=optional, koffi does not load.
const binary = `@koromix/koffi-${process.platform}-${process.arch}`;
const koffi = await optionalPackage("native libraries", binary, () => import("koffi"));

/** Where something lies in memory. */
export const address: typeof foreign.address = koffi.address;
/** What lies at an address. */
export const decode: typeof foreign.decode = koffi.decode;
/** How the function at an address is called. */
export const proto: typeof foreign.proto = koffi.proto;

/** A structure that is passed by value. */
export const struct: typeof foreign.struct = koffi.struct;

/** Stack of an asynchronous foreign call; kernels of the runtime and MPI need more than koffi's 128 KiB. */
const asynchronousStack = 8 * 2 ** 20;

/** Bytes at an address, as an array's memory. */
export const view: typeof foreign.view = koffi.view;

/** A function to be called. */
export type Foreign = ReturnType<foreign.LibraryHandle["func"]>;

/**
 * Calls a function on another thread; everything that its addresses point to must outlive the promise.
 *
 * @param accept throws where what it returned says that it went wrong
 */
export function callOnThread<Status>(
  called: Foreign,
  values: readonly unknown[],
  accept: (status: Status) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    called.async(...values, (problem: Error | null, status: Status) => {
      try {
        if (problem !== null) throw problem;
        accept(status);
        resolve();
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** A function of the process itself, such as the C library's. */
export function ownFunction(name: string, result: string, parameters: readonly string[]): Foreign {
  widenStack();
  return koffi.load(null).func(name, result, [...parameters]);
}

/**
 * A shared library, opened for synchronous and asynchronous calls, that stays loaded until the process ends.
 *
 * koffi closes what it opened when a thread of JavaScript ends, and a library whose own threads still run would
 * vanish under them: so one more reference is taken that nobody gives back.
 *
 * @param visibility `"global"` where libraries that this one opens must find its symbols (MPI)
 * @throws Error if the file cannot be loaded, or another module used koffi before with a smaller stack
 */
export function openLibrary(file: string, visibility: "local" | "global"): foreign.LibraryHandle {
  widenStack();
  const library = koffi.load(file, { global: visibility === "global" });
  pin(file);
  return library;
}

/** Has to come before any library is loaded. */
function widenStack(): void {
  if ((koffi.config().async_stack_size ?? 0) < asynchronousStack) koffi.config({ async_stack_size: asynchronousStack });
}

function pin(file: string): void {
  if (process.platform === "win32") koffi.load("kernel32.dll").func("LoadLibraryW", "void *", ["str16"])(file);
  else koffi.load(null).func("dlopen", "void *", ["str", "int"])(file, resolveNow);
}

/** RTLD_NOW, the same on Linux and macOS. */
const resolveNow = 2;
