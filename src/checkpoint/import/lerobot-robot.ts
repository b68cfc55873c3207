import { InputError } from "../../input-error.ts";
import type { LerobotConfig } from "./lerobot-config.ts";

/** The robot that another project's policy was trained for, as far as its files know it: widths, names and cameras. */
export interface ForeignRobot {
  /** Column that a dataset has its states in; `null` where the policy reads none. */
  readonly state: ForeignColumn | null;
  readonly action: ForeignColumn;
  /** Keys of its cameras, in the policy's order; `null` where a place for a camera is left empty. */
  readonly cameras: readonly { readonly view: string; readonly key: string | null }[];
}

/** A vector of a robot: its column, and the names of its entries, which are of the column and the place where nobody names them. */
export interface ForeignColumn {
  readonly key: string;
  readonly names: readonly string[];
}

/**
 * The robot of a policy that LeRobot saved.
 *
 * @throws InputError where it reads several vectors of states, or gives none or several of actions
 * @source LeRobot `configs/policies.py`; `empty_cameras`: `policies/pi0/configuration_pi0.py` `validate_features`
 */
export function lerobotRobot(where: string, config: LerobotConfig): ForeignRobot {
  const { input_features: inputs, output_features: outputs, action_feature_names: names = null } = config;
  const states = columnsOf(inputs, "STATE");
  const actions = columnsOf(outputs, "ACTION");
  const [action] = actions;
  if (action === undefined || actions.length > 1 || states.length > 1)
    throw new InputError(
      `${where}: expected one feature of actions and at most one of states, got ${listed(actions)} and ${listed(states)}`,
    );
  if (names !== null && names.length !== action.names.length)
    throw new InputError(
      `${where}: expected action_feature_names for ${action.names.length} actions, got ${names.length}`,
    );
  return {
    state: states[0] ?? null,
    action: names === null ? action : { key: action.key, names },
    cameras: viewsOf(Object.keys(inputs).filter((key) => inputs[key]!.type === "VISUAL")),
  };
}

/** The views of cameras, called after the last part of their keys; after whole keys where two have the same last part. */
export function viewsOf(keys: readonly string[]): ForeignRobot["cameras"] {
  const short = keys.map((key) => key.split(".").at(-1) || key);
  const views = new Set(short).size === keys.length ? short : keys;
  return keys.map((key, at) => ({ view: views[at]!, key: /empty_camera_\d+$/.test(key) ? null : key }));
}

function columnsOf(features: LerobotConfig["input_features"], type: string): ForeignColumn[] {
  return Object.entries(features).flatMap(([key, feature]) => {
    if (feature.type !== type) return [];
    const width = feature.shape.reduce((product, size) => product * size, 1);
    return [{ key, names: Array.from({ length: width }, (_, at) => `${key}.${at}`) }];
  });
}

function listed(columns: readonly ForeignColumn[]): string {
  return columns.map(({ key }) => `"${key}"`).join(", ") || "none";
}
