import { expect, test } from "vitest";
import { openWorld } from "../open-world.ts";
import { launchOf } from "./launch.ts";
import { openMpiLibrary } from "./library.ts";

test("launchers are known by what they set; a process by itself, or one of one, is alone", () => {
  expect(launchOf({ PATH: "/bin" })).toBeNull();
  expect(launchOf({ OMPI_COMM_WORLD_SIZE: "1" })).toBeNull();
  expect(launchOf({ OMPI_COMM_WORLD_SIZE: "4" })).toMatchObject({ size: 4, families: ["open-mpi"] });
  expect(launchOf({ PMI_SIZE: "3" })).toMatchObject({ size: 3, families: ["mpich", "open-mpi"] });
  expect(launchOf({ SLURM_STEP_NUM_TASKS: "8", PMIX_RANK: "7" })).toMatchObject({ size: 8 });
});

test("many processes of srun that cannot find each other are an error, not as many runs", () => {
  expect(() => launchOf({ SLURM_STEP_NUM_TASKS: "8" })).toThrow("srun --mpi=pmix");
  expect(launchOf({ SLURM_STEP_NUM_TASKS: "1" })).toBeNull();
});

test("a process by itself needs no MPI", async () => {
  const world = await openWorld({ ARMATURE_MPI_LIBRARY: "libnone.so.1" }, { deadlineSeconds: 1 });
  expect([world.rank, world.size]).toEqual([0, 1]);
  await world.close();
});

test("where there is no MPI, or another library is named, the package to install is named", () => {
  const launch = { launcher: "Open MPI's mpirun", size: 4, families: ["open-mpi"] } as const;
  expect(() => openMpiLibrary(launch, "libnone.so.1")).toThrow(
    /^ranks: Open MPI's mpirun started 4 processes, but no MPI can be loaded \(libnone.so.1: .*\); install the Debian package openmpi-bin/,
  );
  expect(() => openMpiLibrary({ ...launch, families: ["mpich", "open-mpi"] }, "libnone.so.1")).toThrow("package mpich");
  expect(() => openMpiLibrary(launch, "libc.so.6")).toThrow("no MPI can be loaded");
});
