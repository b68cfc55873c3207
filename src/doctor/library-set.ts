import type { LibrarySet } from "../cache-folder.ts";
import { openvinoVersion } from "../graph/runtime/openvino/folder.ts";
import { programCall } from "../own-package.ts";
import { type LibraryPackage, presentLibraries } from "./install.ts";
import { packageVersion, type SoftwarePart } from "./software.ts";

/**
 * What a set of libraries is made of. Versions are exact, so that an install is the same tomorrow.
 *
 * ONNX Runtime's part for CUDA has to be of the runtime's own version. 1.30 is built for CUDA 13; NVIDIA's libraries are those of CUDA 13.0,
 * which drivers from 580 on run. `libonnxruntime_providers_cuda.so` needs cuBLAS, cuRAND and the CUDA runtime (`readelf -d`); of cuDNN and cuFFT it
 * opens nothing before an operator asks for it. `libcublasLt.so.13` opens NVRTC by name where it compiles a product's epilogue.
 */
export function packagesOf(set: LibrarySet): readonly LibraryPackage[] {
  return set === "cuda" ? cudaPackages() : [openvinoPackage];
}

function cudaPackages(): readonly LibraryPackage[] {
  return [
    {
      name: "onnxruntime-gpu",
      version: packageVersion("onnxruntime-node") ?? "of onnxruntime-node, which is not installed",
      files: ["cuda", "shared"].map((part) => `onnxruntime/capi/libonnxruntime_providers_${part}.so`),
    },
    ofNvidia("nvidia-cuda-runtime", "13.0.96", ["libcudart.so.13"]),
    ofNvidia("nvidia-cublas", "13.1.0.3", ["libcublas.so.13", "libcublasLt.so.13"]),
    ofNvidia("nvidia-curand", "10.4.0.35", ["libcurand.so.10"]),
    ofNvidia("nvidia-cuda-nvrtc", "13.0.88", ["libnvrtc.so.13", "libnvrtc-builtins.so.13.0"]),
  ];
}

function ofNvidia(name: string, version: string, libraries: readonly string[]): LibraryPackage {
  return { name, version, files: libraries.map((library) => `nvidia/cu13/lib/${library}`) };
}

const openvinoPackage: LibraryPackage = {
  name: "openvino",
  version: openvinoVersion,
  files: [
    ...["libtbb.so.12", "libtbbbind_2_5.so.3", "libhwloc.so.15", "libtbbmalloc.so.2"],
    ...["libopenvino.so.2640", "libopenvino_c.so.2640", "libopenvino_onnx_frontend.so.2640"],
    "libopenvino_intel_cpu_plugin.so",
  ].map((library) => `openvino/libs/${library}`),
};

/** Which sets are there. */
export async function libraryParts(): Promise<SoftwarePart[]> {
  const [cuda, openvino] = await Promise.all(
    (["cuda", "openvino"] as const).map((set) => presentLibraries(set, packagesOf(set))),
  );
  return [
    {
      name: "CUDA libraries",
      found: cuda == null ? null : `for ONNX Runtime ${cuda.packages[0]?.version} (${cuda.folder})`,
      brings: `--device cuda: ${programCall} doctor --install cuda`,
    },
    {
      name: "OpenVINO",
      found: openvino == null ? null : `${openvino.packages[0]?.version} (${openvino.folder})`,
      brings: `--precision bf16: ${programCall} doctor --install openvino`,
    },
  ];
}
