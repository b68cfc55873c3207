import type { Dialect } from "./dialect.ts";

/** MPICH from version 3.1 on and what shares its binary interface: Intel MPI, MVAPICH, Cray MPICH. @source its mpi.h */
export function mpich(): Dialect {
  return {
    handleType: "int",
    world: 0x44000000,
    byte: 0x4c00010d,
    float: 0x4c00040a,
    double: 0x4c00080b,
    sum: 0x58000003,
    errorsReturn: 0x54000001,
    inPlace: 2n ** 64n - 1n,
    ignoredStatuses: 1n,
    requests: (capacity) => new Int32Array(capacity),
  };
}
