import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What LeRobot's own client sent and was sent, in bytes. @source test/parity/lerobot_exchange.py */
interface Exchange {
  readonly policySetup: string;
  readonly observationPieces: readonly string[];
  readonly actions: string;
  readonly chunk: readonly (readonly number[])[];
  readonly pickles: Readonly<Record<string, string>>;
  readonly storages: Readonly<Record<string, string>>;
}

export const exchange: Exchange = JSON.parse(readFileSync(join(import.meta.dirname, "exchange.json"), "utf8"));

export function recordedBytes(text: string): Buffer {
  return Buffer.from(text, "base64");
}
