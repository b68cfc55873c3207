/** A ray in a shape's own frame, and the outward normal where it was found to hit. */
export class Ray {
  fromX = 0;
  fromY = 0;
  fromZ = 0;
  alongX = 0;
  alongY = 0;
  alongZ = 0;
  normalX = 0;
  normalY = 0;
  normalZ = 0;

  /** Takes note of the normal of a hit, and gives back how far along it lies. */
  face(at: number, x: number, y: number, z: number): number {
    this.normalX = x;
    this.normalY = y;
    this.normalZ = z;
    return at;
  }
}

/** Half sizes or radii of a shape, as MuJoCo gives them. */
export interface Size {
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** How far along a ray its first hit lies, in lengths of `along`; infinity where it misses. */
export type Hit = (ray: Ray, size: Size) => number;

const miss = Number.POSITIVE_INFINITY;

/** The first hits of rays with MuJoCo's shapes, by the number of the shape's type. */
export const hits: ReadonlyMap<number, Hit> = new Map([
  [0, hitPlane],
  [2, hitSphere],
  [3, hitCapsule],
  [5, hitCylinder],
  [6, hitBox],
]);

/** A rectangle in the plane z = 0, seen from above; `a`, `b`: half sizes. */
function hitPlane(ray: Ray, { a, b }: Size): number {
  if (ray.alongZ >= 0 || ray.fromZ <= 0) return miss;
  const at = -ray.fromZ / ray.alongZ;
  if (Math.abs(ray.fromX + at * ray.alongX) > a || Math.abs(ray.fromY + at * ray.alongY) > b) return miss;
  return ray.face(at, 0, 0, 1);
}

/** `a`: radius. */
function hitSphere(ray: Ray, { a }: Size): number {
  return ball(ray, a, 0);
}

/** Along z; `a`: radius, `b`: half length without the caps. */
function hitCapsule(ray: Ray, { a, b }: Size): number {
  const at = wall(ray, a);
  if (at === miss) return Math.abs(ray.fromZ) > b ? ball(ray, a, ray.fromZ > 0 ? b : -b) : miss;
  const z = ray.fromZ + at * ray.alongZ;
  if (z > b) return ball(ray, a, b);
  if (z < -b) return ball(ray, a, -b);
  return ray.face(at, (ray.fromX + at * ray.alongX) / a, (ray.fromY + at * ray.alongY) / a, 0);
}

/** Along z; `a`: radius, `b`: half height. */
function hitCylinder(ray: Ray, { a, b }: Size): number {
  const at = wall(ray, a);
  if (at !== miss && Math.abs(ray.fromZ + at * ray.alongZ) <= b)
    return ray.face(at, (ray.fromX + at * ray.alongX) / a, (ray.fromY + at * ray.alongY) / a, 0);
  const side = ray.alongZ < 0 ? 1 : -1;
  const lid = (side * b - ray.fromZ) / ray.alongZ;
  const x = ray.fromX + lid * ray.alongX;
  const y = ray.fromY + lid * ray.alongY;
  return lid > 0 && x * x + y * y <= a * a ? ray.face(lid, 0, 0, side) : miss;
}

/** `a`, `b`, `c`: half sizes. */
function hitBox(ray: Ray, { a, b, c }: Size): number {
  const x = slab(ray.fromX, ray.alongX, a);
  const y = slab(ray.fromY, ray.alongY, b);
  const z = slab(ray.fromZ, ray.alongZ, c);
  const at = Math.max(x, y, z);
  if (!(at > 0)) return miss;
  const isInside = (from: number, along: number, half: number, own: number) =>
    own === at || Math.abs(from + at * along) <= half;
  if (!isInside(ray.fromX, ray.alongX, a, x)) return miss;
  if (!isInside(ray.fromY, ray.alongY, b, y)) return miss;
  if (!isInside(ray.fromZ, ray.alongZ, c, z)) return miss;
  if (at === x) return ray.face(at, -Math.sign(ray.alongX), 0, 0);
  if (at === y) return ray.face(at, 0, -Math.sign(ray.alongY), 0);
  return ray.face(at, 0, 0, -Math.sign(ray.alongZ));
}

/** Where a ray enters between two planes at ± `half`. */
function slab(from: number, along: number, half: number): number {
  return along === 0 ? -miss : (-Math.sign(along) * half - from) / along;
}

/** Where a ray enters an endless tube along z. */
function wall({ fromX, fromY, alongX, alongY }: Ray, radius: number): number {
  const a = alongX * alongX + alongY * alongY;
  const b = fromX * alongX + fromY * alongY;
  const c = fromX * fromX + fromY * fromY - radius * radius;
  const root = b * b - a * c;
  if (root < 0 || a === 0) return miss;
  const at = (-b - Math.sqrt(root)) / a;
  return at > 0 ? at : miss;
}

/** A sphere whose centre lies at height `z`. */
function ball(ray: Ray, radius: number, z: number): number {
  const { fromX, fromY, alongX, alongY, alongZ } = ray;
  const fromZ = ray.fromZ - z;
  const a = alongX * alongX + alongY * alongY + alongZ * alongZ;
  const b = fromX * alongX + fromY * alongY + fromZ * alongZ;
  const root = b * b - a * (fromX * fromX + fromY * fromY + fromZ * fromZ - radius * radius);
  if (root < 0) return miss;
  const at = (-b - Math.sqrt(root)) / a;
  if (!(at > 0)) return miss;
  return ray.face(at, (fromX + at * alongX) / radius, (fromY + at * alongY) / radius, (fromZ + at * alongZ) / radius);
}
