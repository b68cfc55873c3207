import { expect, it } from "vitest";
import { SourceFolders } from "../source.ts";
import { askedCount, askedNumber, askedSource, askedWord } from "./asked.ts";
import { openedIn, shownAt } from "./opened.ts";

it("takes whole numbers from 0 and nothing else", () => {
  expect([askedNumber("row", "0"), askedNumber("row", "120")]).toEqual([0, 120]);
  for (const text of [null, "", "-1", "1.5", "1e3", " 1", "0x1", "12345678901"])
    expect(() => askedNumber("row", text), `${text}`).toThrow("row: expected a whole number, got");
});

it("takes counts within their bounds, and another where none is given", () => {
  const bounds = { most: 32, otherwise: 8 };
  expect(["draws=1", "draws=32", ""].map((text) => askedCount(new URLSearchParams(text), "draws", bounds))).toEqual([
    1, 32, 8,
  ]);
  for (const text of ["draws=0", "draws=33"])
    expect(() => askedCount(new URLSearchParams(text), "draws", bounds)).toThrow("draws: expected 1 to 32, got");
});

it("takes the words that there are, the first where none is given", () => {
  const words = ["raw", "normalised"] as const;
  expect(["scale=normalised", ""].map((text) => askedWord(new URLSearchParams(text), "scale", words))).toEqual([
    "normalised",
    "raw",
  ]);
  expect(() => askedWord(new URLSearchParams("scale=log"), "scale", words)).toThrow(
    'scale: expected raw or normalised, got "log"',
  );
});

it("takes runs and datasets of the folders given, and their datasets by number", async () => {
  const sources = await SourceFolders.open([import.meta.dirname]);
  const asked = (source: string) => {
    const parameter = (name: string) => (name === "source" ? source : "../api");
    return askedSource({ sources, parameter, query: new URLSearchParams(), gone: new AbortController().signal });
  };
  await expect(asked("files")).rejects.toThrow('expected runs or datasets, got "files"');
  await expect(asked("runs")).rejects.toThrow('expected a run of the folders given, got "../api"');
  expect(openedIn(sources)).toBe(openedIn(sources));
  const none = { recipe: null, plan: null, problem: null, datasets: [], close: async () => {} };
  expect(() => shownAt(none, 0)).toThrow("expected one of 0 datasets, counted from 0, got 0");
});
