import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import type { Arrays, DataType, HostArray } from "../host-array.ts";
import type { OnnxValue } from "../onnx.ts";
import type { RunnableProgram } from "../runnable.ts";

/** An exported program in ONNX Runtime's WebAssembly, on one thread. @throws Error with the runtime's message */
export async function openWebProgram(model: Uint8Array): Promise<RunnableProgram> {
  env.wasm.numThreads = 1;
  const session = await InferenceSession.create(model, { executionProviders: ["wasm"] });
  const [inputs, outputs] = [session.inputMetadata.map(describedValue), session.outputMetadata.map(describedValue)];
  return {
    inputs,
    outputs,
    async run(feeds, fetches) {
      const own = inputs.map(({ name }) => [name, tensorOf(arrayIn(feeds, name))] as const);
      const found = await session.run(Object.fromEntries(own));
      for (const { name } of outputs) copyTo(arrayIn(fetches, name), found[name]);
    },
    release: () => void session.release(),
  };
}

const types: Readonly<Record<string, DataType>> = {
  float32: "float32",
  int32: "int32",
  uint8: "uint8",
  bool: "bool",
};

function describedValue(metadata: InferenceSession.ValueMetadata): OnnxValue {
  const { name } = metadata;
  if (!metadata.isTensor) throw new Error(`${name}: expected a tensor, got something else`);
  const type = types[metadata.type];
  if (type === undefined) throw new Error(`${name}: expected ${Object.keys(types).join(", ")}, got ${metadata.type}`);
  return { name, type, shape: metadata.shape.map(Number) };
}

function tensorOf({ type, shape, cells }: HostArray<string, DataType>): Tensor {
  if (cells instanceof Float32Array) return new Tensor("float32", cells, shape);
  if (cells instanceof Int32Array) return new Tensor("int32", cells, shape);
  if (cells instanceof Uint8Array) return new Tensor(type === "bool" ? "bool" : "uint8", cells, shape);
  throw new RangeError(`tensorOf: expected ${Object.keys(types).join(", ")}, got ${type}`);
}

function copyTo({ cells }: HostArray<string, DataType>, tensor: Tensor | undefined): void {
  const data = tensor?.data;
  if (!(cells instanceof Float32Array && data instanceof Float32Array))
    throw new RangeError("copyTo: expected numbers of float32, got others");
  cells.set(data);
}

function arrayIn(arrays: Arrays, name: string): HostArray<string, DataType> {
  const found = arrays.get(name);
  if (found === undefined) throw new RangeError(`run: expected "${name}", got none`);
  return found;
}
