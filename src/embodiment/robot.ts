import type { Dof, Entry } from "./embodiment.ts";
import { asFound, type Mapping } from "./mapping.ts";

/**
 * ALOHA, two ViperX arms: absolute joint positions, left arm first.
 *
 * @source LeRobot `aloha_*` datasets, `meta/info.json`; cameras as openpi `convert_aloha_data_to_lerobot.py` names them
 */
export const aloha: Mapping = {
  ...asFound,
  robotType: "aloha",
  controlMode: "joint",
  action: [{ key: "action", entries: "all" }],
  state: [{ key: "observation.state", entries: "all" }],
  cameras: {
    base: "observation.images.cam_high",
    left_wrist: "observation.images.cam_left_wrist",
    right_wrist: "observation.images.cam_right_wrist",
  },
  dofs: relativeTo(arms()),
  states: arms(),
};

/**
 * DROID, one Franka Panda: joint velocities and an absolute gripper position.
 *
 * @source openpi `examples/droid/convert_droid_data_to_lerobot.py`
 */
export const droid: Mapping = {
  ...asFound,
  robotType: "droid",
  controlMode: "joint-velocity",
  action: [{ key: "actions", entries: "all" }],
  state: [
    { key: "joint_position", entries: "all" },
    { key: "gripper_position", entries: "all" },
  ],
  cameras: { base: "exterior_image_1_left", left_wrist: "wrist_image_left" },
  dofs: absolute([...joints("arm", 7, "velocity", "rad/s"), gripper("gripper", "gripper", "fraction")]),
  states: numbered([...joints("arm", 7, "position", "rad"), gripper("gripper", "gripper", "fraction")]),
};

/**
 * LIBERO, a simulated Franka Panda: relative end-effector motions (already deltas) and a gripper command.
 *
 * @source openpi `examples/libero/convert_libero_data_to_lerobot.py`; entries from robosuite's OSC_POSE controller
 */
export const libero: Mapping = {
  ...asFound,
  robotType: "libero",
  controlMode: "ee",
  action: [{ key: "actions", entries: "all" }],
  state: [{ key: "state", entries: "all" }],
  cameras: { base: "image", left_wrist: "wrist_image" },
  dofs: absolute([...pose("motion", "fraction"), gripper("gripper", "gripper", "fraction")]),
  states: numbered([
    ...pose("position", "m"),
    gripper("left finger", "gripper", "m"),
    gripper("right finger", "gripper", "m"),
  ]),
};

type Unplaced = Omit<Entry, "slot">;

function arms(): Entry[] {
  const names = ["waist", "shoulder", "elbow", "forearm_roll", "wrist_angle", "wrist_rotate"];
  return numbered(
    ["left", "right"].flatMap((side) => [
      ...names.map((name) => continuous(`${side}_${name}`, `${side} arm`, "rad")),
      gripper(`${side}_gripper`, `${side} gripper`, "fraction"),
    ]),
  );
}

function joints(part: string, count: number, what: string, unit: string): Unplaced[] {
  return Array.from({ length: count }, (_, joint) => continuous(`joint_${joint}_${what}`, part, unit));
}

function pose(what: string, unit: string): Unplaced[] {
  const turnUnit = unit === "m" ? "rad" : unit;
  return [
    ...["x", "y", "z"].map((axis) => continuous(`${axis}_${what}`, "arm", unit)),
    ...["x", "y", "z"].map((axis) => continuous(`turn_${axis}_${what}`, "arm", turnUnit)),
  ];
}

function continuous(name: string, part: string, unit: string): Unplaced {
  return { name, unit, part, kind: "continuous" };
}

function gripper(name: string, part: string, unit: string): Unplaced {
  return { name, unit, part, kind: "gripper" };
}

function numbered(entries: readonly Unplaced[]): Entry[] {
  return entries.map((entry, slot) => ({ ...entry, slot }));
}

function absolute(entries: readonly Unplaced[]): Dof[] {
  return numbered(entries).map((entry) => ({ ...entry, state: null }));
}

function relativeTo(states: readonly Entry[]): Dof[] {
  return states.map((state, at) => ({ ...state, state: state.kind === "gripper" ? null : at }));
}
