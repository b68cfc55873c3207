import { expect, it } from "vitest";
import { controlModeOf } from "./control-mode.ts";
import { entriesOf } from "./entry.ts";

const modeOf = (names: readonly string[], dataset = "robot") =>
  controlModeOf(
    dataset,
    entriesOf([{ feature: { key: "action", type: "float32", shape: [names.length], names }, slice: null }]),
  ).mode;

it("names of joints, axes, velocities and differences tell the control mode", () => {
  expect(modeOf(["shoulder", "elbow", "wrist_roll", "gripper"])).toBe("joint");
  expect(modeOf(["joint_0_vel", "joint_1_vel", "gripper"])).toBe("joint-velocity");
  expect(modeOf(["x", "y", "z", "roll", "pitch", "yaw", "gripper"])).toBe("ee");
  expect(modeOf(["left_ee_x", "left_ee_y", "right_tcp_pose.z"])).toBe("ee");
  expect(modeOf(["delta_x", "delta_y", "delta_yaw"])).toBe("ee-delta");
});

it("where most dofs are joints, a few axes change nothing", () => {
  expect(modeOf(["shoulder", "elbow", "base_x", "base_y", "wrist_yaw"])).toBe("joint");
});

it("names that tell nothing are a guess, and PushT is known", () => {
  expect(modeOf(["motor_0", "motor_1"])).toBe("joint");
  expect(modeOf(["motor_0", "motor_1"], "lerobot pusht")).toBe("ee");
});
