import type { Vector } from "./physics.ts";

/** An attribute's value: a text, a number, numbers in a row, or true and false. */
type Value = string | number | boolean | readonly number[];

/** An element of MuJoCo's model language, MJCF, as text. */
export function element(
  name: string,
  attributes: Readonly<Record<string, Value>>,
  ...inside: readonly string[]
): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${text(value)}"`);
  return `<${name}${written.join("")}>${inside.join("")}</${name}>`;
}

/** What all robots' models have in common, around what differs. */
export function model(
  name: string,
  parts: { readonly world: readonly string[]; readonly actuators: readonly string[] },
) {
  return element(
    "mujoco",
    { model: name },
    element("compiler", { angle: "radian", autolimits: true }),
    // Elliptic cones and a high impedance ratio keep what a gripper holds from slipping.
    element("option", { timestep: physicsStep, integrator: "implicitfast", cone: "elliptic", impratio: 10 }),
    element("size", { memory: "1M" }),
    element("worldbody", {}, ...parts.world),
    element("actuator", {}, ...parts.actuators),
  );
}

/** Seconds of one physics step. */
export const physicsStep = 0.005;

/** Attributes of a shape that is only seen: nothing touches it and it weighs nothing. */
export const untouchable = { contype: 0, conaffinity: 0, mass: 0 } as const;

function text(value: Value): string {
  return typeof value === "object" ? value.join(" ") : String(value);
}

/** A camera that looks from one place at another, the world's z (or, looking along it, y) upwards in the picture. */
export function camera(
  name: string,
  view: { readonly from: Vector; readonly to: Vector; readonly fovy: number },
): string {
  const back = unit(minus(view.from, view.to));
  const right = unit(cross(Math.abs(back[2]) > 0.999 ? [0, 1, 0] : [0, 0, 1], back));
  return element("camera", { name, pos: view.from, xyaxes: [...right, ...cross(back, right)], fovy: view.fovy });
}

/** A flat round mark on the table that nothing touches. */
export function mark(name: string, radius: number): string {
  const disc = { type: "cylinder", size: [radius, 0.001], rgba: "1 1 1 1", ...untouchable } as const;
  return element("body", { name, mocap: true }, element("geom", disc));
}

function minus(one: Vector, other: Vector): Vector {
  return [one[0] - other[0], one[1] - other[1], one[2] - other[2]];
}

function cross(one: Vector, other: Vector): Vector {
  return [
    one[1] * other[2] - one[2] * other[1],
    one[2] * other[0] - one[0] * other[2],
    one[0] * other[1] - one[1] * other[0],
  ];
}

function unit(vector: Vector): Vector {
  const length = Math.hypot(...vector);
  return [vector[0] / length, vector[1] / length, vector[2] / length];
}
