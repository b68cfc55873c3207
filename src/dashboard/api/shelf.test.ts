import { expect, it } from "vitest";
import { Shelf } from "./shelf.ts";

/** A shelf of names that says what it makes and closes, in order. */
function watchedShelf(most: number) {
  const said: string[] = [];
  const shelf = new Shelf<string>({ most, close: async (name) => void said.push(`close ${name}`) });
  const make = (name: string) => async () => {
    said.push(`make ${name}`);
    return name;
  };
  const use = (name: string, work: (value: string) => Promise<string> = async (value) => value, stamp = "") =>
    shelf.use({ key: name, stamp }, make(`${name}${stamp}`), work);
  return { shelf, said, use };
}

it("keeps what is asked for again, and closes the longest unused where others need the room", async () => {
  const { said, use } = watchedShelf(2);
  await use("one");
  await use("two");
  await use("one");
  await use("three");
  expect(await use("one")).toBe("one");
  expect(said).toEqual(["make one", "make two", "make three", "close two"]);
});

it("closes nothing that is in use, however many others come, and then what was longest unused", async () => {
  const { said, use } = watchedShelf(1);
  const done = Promise.withResolvers<string>();
  const reading = use("slow", () => done.promise);
  await use("two");
  await use("three");
  expect(said).toEqual(["make slow", "make two", "close two", "make three", "close three"]);
  // Who asks meanwhile gets the one that is open.
  expect(await use("slow")).toBe("slow");
  done.resolve("read");
  expect(await reading).toBe("read");
  await use("four");
  expect(said.slice(5)).toEqual(["make four", "close slow"]);
});

it("makes it anew where what it is made from has changed, and closes the old one when its last user is done", async () => {
  const { said, use } = watchedShelf(2);
  const done = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  const reading = done.map(({ promise }) => use("run", () => promise, " before"));
  expect(await use("run", undefined, " after")).toBe("run after");
  done[0]!.resolve("one");
  await reading[0];
  expect(said).toEqual(["make run before", "make run after"]);
  done[1]!.resolve("other");
  await reading[1];
  expect(said).toEqual(["make run before", "make run after", "close run before"]);
});

it("is cleared once nobody reads any more", async () => {
  const { shelf, said, use } = watchedShelf(2);
  const done = Promise.withResolvers<string>();
  const reading = use("slow", () => done.promise);
  await use("idle");
  const cleared = shelf.clear().then(() => said.push("cleared"));
  await Promise.resolve();
  expect(said).not.toContain("close slow");
  done.resolve("read");
  await Promise.all([reading, cleared]);
  expect(said).toEqual(["make slow", "make idle", "close idle", "close slow", "cleared"]);
});

it("forgets what could not be made, and a work that fails closes nothing", async () => {
  const { shelf, said, use } = watchedShelf(2);
  const torn = () => Promise.reject(new Error("torn"));
  await expect(shelf.use({ key: "run", stamp: "" }, torn, async () => "")).rejects.toThrow("torn");
  await expect(use("run", () => Promise.reject(new Error("no such row")))).rejects.toThrow("no such row");
  expect(await use("run")).toBe("run");
  expect(said).toEqual(["make run"]);
});

it("says where closing fails, to who clears it", async () => {
  const shelf = new Shelf<string>({ most: 1, close: () => Promise.reject(new Error("stuck")) });
  await shelf.use(
    { key: "one", stamp: "" },
    async () => "one",
    async () => {},
  );
  await expect(shelf.clear()).rejects.toThrow("stuck");
});
