import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { installLibraries, wheelPlatform } from "./install.ts";
import { packagesOf } from "./library-set.ts";
import { type IndexAnswer, listing, type PackageIndex, packageIndex, wheel } from "./testing/package-index.ts";

const platform = { architecture: "x86_64", glibc: [2, 31] } as const;
const packages = [
  { name: "some-runtime", version: "1.2", files: ["some/lib/libone.so.1", "some/lib/libtwo.so"] },
  { name: "other", version: "3", files: ["some/lib/libthree.so"] },
];
const runtime = wheel("some_runtime", "1.2", {
  "some/lib/libone.so.1": "first".repeat(1000),
  "some/lib/libtwo.so": "second",
  "some/not_needed.py": "print()",
  "some_runtime-1.2.dist-info/licenses/LICENSE": "free",
});
const other = wheel("other", "3", { "some/lib/libthree.so": "third" });
const files = {
  runtime: "some_runtime-1.2-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
  other: "other-3-1-cp310-cp310-manylinux_2_28_x86_64.whl",
};
const answers: Readonly<Record<string, IndexAnswer>> = {
  "/simple/some-runtime/": listing({ [files.runtime]: runtime }),
  "/simple/other/": listing({
    "other-3-1-cp312-cp312-manylinux_2_28_x86_64.whl": Buffer.from("of another Python"),
    [files.other]: other,
    "other-3-1-cp310-cp310-manylinux_2_35_x86_64.whl": Buffer.from("of a newer C library"),
    "other-3-1-cp310-cp310-manylinux_2_28_aarch64.whl": Buffer.from("of another processor"),
    "other-2-1-cp310-cp310-manylinux_2_28_x86_64.whl": Buffer.from("of another version"),
    "other-3.tar.gz": Buffer.from("source"),
  }),
  [`/files/${files.runtime}`]: { type: "application/zip", body: runtime },
  [`/files/${files.other}`]: { type: "application/zip", body: other },
};

let place: string;
let folder: string;
let index: PackageIndex | null = null;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "armature-install-"));
  folder = join(place, "openvino");
  vi.stubEnv("ARMATURE_CACHE", place);
  vi.stubEnv("ARMATURE_OPENVINO", "");
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await index?.close();
  index = null;
  rmSync(place, { recursive: true });
});

/** Installs from an index with other answers than the right ones. */
async function installed(other: Readonly<Record<string, IndexAnswer>>, seen = (_done: number, _of: number) => {}) {
  index = await packageIndex({ ...answers, ...other });
  vi.stubEnv("PIP_INDEX_URL", index.address.replace("//", "//reader:pass%20word@"));
  return await installLibraries({ set: "openvino", packages, platform }, seen);
}

describe("an install", () => {
  it("brings the needed files and each package's list and licence, and says how far it is", async () => {
    const told: [number, number][] = [];
    const found = await installed({}, (done, of) => told.push([done, of]));
    expect(found).toEqual({
      set: "openvino",
      folder,
      isNew: true,
      packages: [
        { name: "some-runtime", version: "1.2", bytes: 5006 },
        { name: "other", version: "3", bytes: 5 },
      ],
      bytes: 5011,
    });
    expect(readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile())).toHaveLength(
      6,
    );
    expect(readFileSync(join(folder, "some/lib/libone.so.1"), "utf8")).toBe("first".repeat(1000));
    expect(readFileSync(join(folder, "some_runtime-1.2.dist-info/licenses/LICENSE"), "utf8")).toBe("free");
    const total = runtime.length + other.length;
    expect(told.at(-1)).toEqual([total, total]);
    expect(readdirSync(place)).toEqual(["openvino"]);
    const password = Buffer.from("reader:pass word").toString("base64");
    expect(new Set(index?.asked.map(({ headers }) => headers.authorization))).toEqual(new Set([`Basic ${password}`]));
  });

  it("asks nobody where all is there already, and begins anew where a file is cut off or another version is there", async () => {
    await installed({});
    const again = await installLibraries({ set: "openvino", packages, platform }, () => {});
    expect([again.isNew, again.bytes, index?.asked.length]).toEqual([false, 5011, 4]);
    writeFileSync(join(folder, "some/lib/libtwo.so"), "sec");
    expect((await installLibraries({ set: "openvino", packages, platform }, () => {})).isNew).toBe(true);
    const older = [packages[0]!, { ...packages[1]!, version: "2" }];
    await expect(installLibraries({ set: "openvino", packages: older, platform }, () => {})).rejects.toThrow(
      "other-2-1",
    );
    expect(readFileSync(join(folder, "some/lib/libtwo.so"), "utf8")).toBe("second");
  });

  it("takes away what an install left that was ended by force", async () => {
    mkdirSync(join(place, "openvino.unfinished-999999999"));
    await installed({});
    expect(readdirSync(place)).toEqual(["openvino"]);
  });

  it("leaves a folder alone that the user named and that holds something else", async () => {
    const own = join(place, "own");
    mkdirSync(own);
    writeFileSync(join(own, "letter.txt"), "mine");
    vi.stubEnv("ARMATURE_OPENVINO", own);
    await expect(installed({})).rejects.toThrow(
      `${own}: expected an empty folder, or these libraries in it, got 1 other files; name another in ARMATURE_OPENVINO`,
    );
    expect(readFileSync(join(own, "letter.txt"), "utf8")).toBe("mine");
  });

  it.each([
    [
      "no package of that name",
      { "/simple/other/": undefined },
      /^other 3: expected it at 127\.0\.0\.1:\d+\/simple\/other\/, got an answer of status 404; check the address in PIP_INDEX_URL$/,
    ],
    [
      "an index that knows no JSON",
      { "/simple/other/": { type: "text/html", body: "<a href=x>other-3.whl</a>" } },
      /^other 3: expected a listing in JSON \(PEP 691\) at /,
    ],
    [
      "no such version",
      { "/simple/other/": listing({ "other-4-py3-none-manylinux_2_28_x86_64.whl": other }) },
      /^other 3: expected this version at .*, got others alone;/,
    ],
    [
      "wheels for other machines alone",
      { "/simple/other/": listing({ "other-3-py3-none-win_amd64.whl": other }) },
      /^other 3: expected a wheel for Linux on x86_64 with glibc 2\.31 at .*, got 1 for other machines;/,
    ],
    [
      "other bytes than are listed",
      { [`/files/${files.other}`]: { type: "application/zip", body: runtime } },
      /^other-3-1-cp310.*: expected the bytes of sha256 \w+ that the index lists, got \w+; nothing was installed/,
    ],
    [
      "a connection that breaks",
      { [`/files/${files.other}`]: null },
      /^other-3-1-cp310.*: expected all of it, got 0 MB before the connection broke; try again$/,
    ],
    [
      "a wheel without the library",
      listed(wheel("other", "3", { "some/lib/libfour.so": "fourth" })),
      /^other-3-1-cp310.*: expected a wheel of other, got no some\/lib\/libthree\.so in it$/,
    ],
    ["a wheel that is none", listed(Buffer.from("no archive")), /: expected a wheel of other, got no zip archive$/],
  ])("with %s is refused, and nothing is left of it", async (_, other, message) => {
    await expect(installed(other as Readonly<Record<string, IndexAnswer>>)).rejects.toThrow(message);
    expect(readdirSync(place)).toEqual([]);
  });

  it("without an index is refused, and its password is not said", async () => {
    vi.stubEnv("PIP_INDEX_URL", "http://reader:secret@127.0.0.1:9099/simple");
    await expect(installLibraries({ set: "openvino", packages, platform }, () => {})).rejects.toThrow(
      /^some-runtime 1\.2: expected an answer of 127\.0\.0\.1:9099, got ECONNREFUSED; check the network/,
    );
    expect(existsSync(folder)).toBe(false);
  });
});

/** The index with another wheel in the place of "other"'s. */
function listed(bytes: Uint8Array): Readonly<Record<string, IndexAnswer>> {
  return {
    "/simple/other/": listing({ [files.other]: bytes }),
    [`/files/${files.other}`]: { type: "application/zip", body: bytes },
  };
}

it.runIf(process.platform === "linux" && process.arch === "x64")(
  "this machine is one that there are wheels for",
  () => {
    const { architecture, glibc } = wheelPlatform("cuda");
    expect(architecture).toBe("x86_64");
    expect(glibc[0]).toBe(2);
    expect(glibc[1]).toBeGreaterThanOrEqual(17);
  },
);

it("the part for CUDA is of the version of the runtime that opens it", () => {
  expect(packagesOf("cuda")[0]).toMatchObject({ name: "onnxruntime-gpu", version: "1.30.0" });
});
