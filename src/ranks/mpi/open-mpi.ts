import type { LibraryHandle } from "koffi";
import type { Dialect } from "./dialect.ts";

/** Open MPI 4 and 5. @source its mpi.h */
export function openMpi(library: LibraryHandle): Dialect {
  const address = (name: string): bigint => library.symbol(name);
  return {
    handleType: "void *",
    world: address("ompi_mpi_comm_world"),
    byte: address("ompi_mpi_byte"),
    float: address("ompi_mpi_float"),
    double: address("ompi_mpi_double"),
    sum: address("ompi_mpi_op_sum"),
    errorsReturn: address("ompi_mpi_errors_return"),
    inPlace: 1n,
    ignoredStatuses: null,
    requests: (capacity) => new BigUint64Array(capacity),
  };
}
