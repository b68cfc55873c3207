import { expect, it } from "vitest";
import { readConfig, readObservation } from "./sent.ts";
import { exchange, recordedBytes } from "./testing/exchange.ts";
import { decodeBytes, decodePiece } from "./wire.ts";

/** One character for each byte, and without the frame, so that what is replaced may be of another length. */
const unframed = (pickle: Uint8Array) =>
  Buffer.from(pickle)
    .toString("latin1")
    .replace(/^(..).{9}/s, "$1");
const config = unframed(decodeBytes(recordedBytes(exchange.policySetup)));
const observation = unframed(decodePiece(recordedBytes(exchange.observationPieces[0]!)).data);
const bytes = (text: string) => Buffer.from(text, "latin1");

it.each([
  [
    "a time that is none",
    "G\x40\x59\x20\x00\x00\x00\x00\x00",
    "G\x7f\xf8\x00\x00\x00\x00\x00\x00",
    '"timestamp": expected a number of seconds',
  ],
  [
    "a time that is a text",
    "G\x40\x59\x20\x00\x00\x00\x00\x00",
    "\x8c\x07abcdefg",
    '"timestamp": expected a number of seconds',
  ],
  [
    "a time step below 0",
    "K\x03\x8c\x0bobservation",
    "J\xff\xff\xff\xff\x8c\x0bobservation",
    '"timestep": expected a whole number from 0 to 2147418112',
  ],
  [
    "a time step too large",
    "K\x03\x8c\x0bobservation",
    "J\xff\xff\xff\x7f\x8c\x0bobservation",
    '"timestep": expected a whole number',
  ],
  [
    "half a time step",
    "K\x03\x8c\x0bobservation",
    "G\x3f\xe0\x00\x00\x00\x00\x00\x00\x8c\x0bobservation",
    '"timestep": expected a whole number',
  ],
  [
    "a time step that is a text",
    "K\x03\x8c\x0bobservation",
    "\x8c\x01x\x8c\x0bobservation",
    '"timestep": expected a whole number',
  ],
  ["no choice whether it must go", "\x88ub.", "Nub.", '"must_go": expected true or false'],
  [
    "a field of another name",
    "must_go",
    "must_no",
    'expected lerobot.async_inference.helpers.TimedObservation with timestamp, timestep, observation, must_go, got "must_no" as well',
  ],
])("an observation with %s is refused", (_, before, after, said) => {
  expect(observation).toContain(before);
  expect(() => readObservation(bytes(observation.replace(before, after)))).toThrow(said);
});

/** A pickle of an instance whose one field is 1. */
const withOne = (name: string, field: string) => {
  const text = (value: string) => `\x8c${String.fromCharCode(value.length)}${value}`;
  return bytes(`\x80\x04${text("lerobot.async_inference.helpers")}${text(name)}\x93)\x81}${text(field)}K\x01sb.`);
};

it("fields that are missing are refused one after the other", () => {
  expect(() => readObservation(withOne("TimedObservation", "timestep"))).toThrow(
    '"timestamp": expected a number of seconds',
  );
  expect(() => readConfig(withOne("RemotePolicyConfig", "device"))).toThrow('"policy_type": expected a text');
});

it.each(["lerobot_features\x94", "observation\x94"])("%j without a dict is refused", (field) => {
  const whole = field.startsWith("obs") ? observation : config;
  const at = whole.indexOf(field) + field.length;
  // The dict is taken away, and 1 put in its place, before what follows it.
  const behind = whole.indexOf(field.startsWith("obs") ? "\x8c\x07must_go" : "\x8c\x11actions_per_chunk", at);
  const changed = bytes(`${whole.slice(0, at)}K\x01${whole.slice(behind)}`);
  const read = () => (field.startsWith("obs") ? readObservation(changed) : readConfig(changed));
  expect(read).toThrow(/: expected a dict of (values by name|features by key), got something else/);
});

it.each([
  ["\x8c\x07smolvla", "K\x01", '"policy_type": expected a text'],
  ["\x8c\x08?seed=41", "K\x01", '"pretrained_name_or_path": expected a text'],
  ["actions_per_chunk\x94K2", "actions_per_chunk\x94K\x00", '"actions_per_chunk": expected a whole number from 1'],
  ["actions_per_chunk\x94K2", "actions_per_chunk\x94\x88", '"actions_per_chunk": expected a whole number from 1'],
  [
    "actions_per_chunk\x94K2",
    "actions_per_chunk\x94G\x3f\xf8\x00\x00\x00\x00\x00\x00",
    '"actions_per_chunk": expected a whole number from 1',
  ],
  ["\x8c\x03cpu", "K\x01", '"device": expected a text'],
  ["rename_map\x94}", "rename_map\x94]", '"rename_map": expected a dict of keys'],
  ["rename_map\x94}", "rename_map\x94}\x8c\x01aK\x01s", '"rename_map": expected a dict of keys'],
])("a config with %j as %j is refused", (before, after, said) => {
  expect(config).toContain(before);
  expect(() => readConfig(bytes(config.replace(before, after)))).toThrow(said);
});

it("keys that are renamed are told", () => {
  const renaming = config.replace("rename_map\x94}", "rename_map\x94}\x8c\x01a\x8c\x01bs");
  expect(readConfig(bytes(renaming)).renamed).toEqual(new Map([["a", "b"]]));
});

it("what is another class, or none, is refused", () => {
  expect(() => readConfig(bytes(observation))).toThrow(
    "pickle: expected a lerobot.async_inference.helpers.RemotePolicyConfig, got something else",
  );
  expect(() => readObservation(bytes("\x80\x04N."))).toThrow(
    "pickle: expected a lerobot.async_inference.helpers.TimedObservation",
  );
});
