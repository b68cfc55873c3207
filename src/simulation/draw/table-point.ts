import type { PhysicsWorld, Vector } from "../physics.ts";

/** A point of a square picture: shares of its side, from the left and from the top. */
export interface PicturePoint {
  readonly across: number;
  readonly down: number;
}

/**
 * The place on the table, whose top is at z = 0, that a camera sees at a point of its picture; `null` where the ray meets no table, as above
 * the horizon.
 */
export function tableAt(world: PhysicsWorld, camera: string, { across, down }: PicturePoint): Vector | null {
  const { data, model } = world;
  const at = world.id("mjOBJ_CAMERA", camera);
  const [places, turns]: [Float64Array, Float64Array] = [data.cam_xpos, data.cam_xmat];
  const side = 2 * Math.tan((model.cam_fovy[at] * Math.PI) / 360);
  const [right, up] = [(across - 0.5) * side, (0.5 - down) * side];
  // Columns of the rotation are the camera's own axes in the world; it looks along its negative z.
  const along = (axis: 0 | 1 | 2) => {
    const row = 9 * at + 3 * axis;
    return turns[row]! * right + turns[row + 1]! * up - turns[row + 2]!;
  };
  const eye = (axis: 0 | 1 | 2) => places[3 * at + axis]!;
  const far = -eye(2) / along(2);
  if (!(far > 0 && Number.isFinite(far))) return null;
  return [eye(0) + far * along(0), eye(1) + far * along(1), 0];
}
