import { describe, expect, test } from "vitest";
import type { FilmIndex } from "./film-index.ts";
import { type ClaimedClip, type Placement, picturesByTime, placeEpisodes } from "./placement.ts";

/** A film of pictures at these times, in seconds. */
function film(times: readonly number[]): FilmIndex {
  const gap = Math.min(...times.slice(1).map((time, at) => time - times[at]!));
  return { times: Float64Array.from(times), gap, ahead: 0, rate: (times.length - 1) / times.at(-1)!, quarterTurns: 0 };
}

const even = (pictures: number, rate: number) => film(Array.from({ length: pictures }, (_, picture) => picture / rate));
const clip = (episode: number, length: number, from: number, to: number | null = null): ClaimedClip => ({
  episode,
  length,
  from,
  to,
});
const seconds = (length: number, rate: number, from = 0) => Array.from({ length }, (_, row) => from + row / rate);

/** What became of each episode: its first picture, "by time", or why it is refused. */
function outcome(placements: ReadonlyMap<number, Placement>) {
  return [...placements].map(([, each]) =>
    each.kind === "in order" ? each.first : each.kind === "by time" ? `${each.first} to ${each.end}` : each.message,
  );
}

const place = (of: FilmIndex, clips: readonly ClaimedClip[], rate: number) => outcome(placeEpisodes(of, clips, rate));

describe("the episodes of a film", () => {
  test("are its pictures in order where the two agree in number, whatever the rate of the film", () => {
    expect(place(even(700, 30000 / 1001), [clip(0, 700, 0)], 30)).toEqual([0]);
    expect(place(film([0, 0.2, 0.21, 3]), [clip(0, 4, 0)], 30)).toEqual([0]);
    expect(place(even(1, 10), [clip(0, 1, 0)], 10)).toEqual([0]);
  });

  test("are in order although each begins later than the one before by a quarter of a frame too much", () => {
    const clips = [0, 1, 2, 3, 4].map((episode) => clip(episode, 10, episode * (10 / 30 + 0.008)));
    const placements = placeEpisodes(even(50, 30), clips, 30);
    expect(outcome(placements)).toEqual([0, 10, 20, 30, 40]);
    // Of 33 ms a frame, 8 are more than a tenth.
    const drifted = [...placements].filter(([, each]) => each.kind === "in order" && each.hasDrifted);
    expect(drifted.map(([episode]) => episode)).toEqual([1, 2, 3, 4]);
  });

  test("are in order where the metadata adds up rows at their rate and the film runs at another", () => {
    const clips = [clip(0, 700, 0), clip(1, 100, 700 / 30), clip(2, 50, 800 / 30)];
    expect(place(even(850, 30000 / 1001), clips, 30)).toEqual([0, 700, 800]);
  });

  test("end after they begin: one that does not is named, and places none of its film", () => {
    const clips = [
      { episode: 0, length: 3, from: 0, to: 0.3 },
      { episode: 1, length: 3, from: 0.4, to: 0 },
    ];
    const said =
      "expected to_timestamp after from_timestamp for episode 1, got 0.000 s after 0.400 s; correct it in meta/episodes";
    expect([...placeEpisodes(even(8, 10), clips, 10).values()]).toEqual(
      [0, 1].map(() => ({ kind: "refused", message: said })),
    );
  });

  test("may leave pictures out between them, and then are as long as said, or else told by their times", () => {
    const clips = [clip(3, 10, 0, 1), clip(7, 10, 2.5, 3.5), clip(9, 4, 3.5, 4)];
    expect(place(even(40, 10), clips, 10)).toEqual([0, 25, "35 to 40"]);
    const untold = clips.map((each) => ({ ...each, to: null }));
    expect(place(even(40, 10), untold, 10)).toEqual(["0 to 25", 25, "35 to 40"]);
  });

  test("that do not say where they end do so where the next begins, although that is a little before their last row ends", () => {
    // Of 0.1 s a frame, picture 3 is shown 0.02 s too early, and with it the second episode begins.
    const uneven = film([0, 0.1, 0.2, 0.28, 0.4, 0.5, 0.6, 0.7]);
    expect(place(uneven, [clip(0, 3, 0), clip(1, 4, 0.28)], 10)).toEqual([0, "3 to 8"]);
    // Half a frame too early is a picture that both would have.
    const early = place(even(9, 10), [clip(0, 3, 0), clip(1, 4, 0.2)], 10);
    expect(early).toEqual([expect.stringContaining("as well"), expect.stringContaining("as well")]);
  });

  test("are placed by where they begin, in whatever order they are listed", () => {
    expect(place(even(30, 10), [clip(0, 10, 2), clip(1, 20, 0)], 10)).toEqual([0, 20]);
  });

  test("are all refused where one begins between two pictures: others that do not may be whole pictures late", () => {
    // Each 1.6 frames later than it should be: the fifth would be 8 too late, at a picture.
    const clips = [0, 1, 2, 3, 4, 5].map((episode) => clip(episode, 10, episode * 1.16, episode * 1.16 + 1));
    const refused = place(even(80, 10), clips, 10);
    const said =
      /rows of episode 1 to begin at a picture, got 1\.160 s, between picture 11 \(1\.100 s\) and picture 12 \(1\.200 s\)/;
    expect(refused).toEqual(clips.map(() => expect.stringMatching(said)));
    // A hundredth of a frame is how times are rounded.
    expect(place(even(80, 10), [clip(0, 10, 0, 1), clip(1, 10, 2.501, 3.501)], 10)).toEqual([0, 25]);
  });

  test("are all refused where they would leave pictures out of a film that has as many as they have rows", () => {
    const late = [0, 1, 2, 3].map((episode) => clip(episode, 10, episode * 1.1, episode * 1.1 + 1));
    const said = expect.stringMatching(
      /as many pictures as they have rows \(40\), got from_timestamp 1\.100 s for episode 1 in place of 1\.000 s/,
    );
    expect(place(even(40, 10), late, 10)).toEqual([said, said, said, said]);
    const allAtZero = place(even(20, 10), [clip(0, 10, 0), clip(1, 10, 0)], 10);
    expect(allAtZero[0]).toContain("got from_timestamp 0.000 s for episode 1 in place of 1.000 s");
    const elsewhere = place(even(20, 10), [clip(0, 10, 20), clip(1, 10, 21)], 10);
    expect(elsewhere[1]).toContain("got from_timestamp 20.000 s for episode 0 in place of 0.000 s");
  });

  test("that share pictures are refused, each with the other", () => {
    const both = place(even(41, 10), [clip(0, 10, 0, 1.2), clip(1, 10, 1, 2), clip(2, 10, 3, 4)], 10);
    expect(both).toEqual([
      expect.stringContaining("got picture 10 (1.000 s) for episode 1 as well"),
      expect.stringContaining("got picture 10 (1.000 s) for episode 0 as well"),
      30,
    ]);
    const allAtZero = place(even(30, 10), [clip(0, 10, 0), clip(1, 10, 0)], 10);
    expect(allAtZero.every((each) => String(each).includes("as well"))).toBe(true);
  });

  test("that begin behind the film's end are refused: they were counted through several files", () => {
    const said = "expected the 10 rows of episode 4 from 4.000 s on, got a film of 21 pictures (2.000 s)";
    for (const refused of place(even(21, 10), [clip(4, 10, 4), clip(5, 10, 5)], 10)) expect(refused).toContain(said);
  });
});

describe("rows that are told by their own times", () => {
  const whole = (of: FilmIndex) => ({ from: 0, first: 0, end: of.times.length });
  const rows = (timestamps: readonly number[], framesPerSecond: number) => ({
    episode: 6,
    timestamps,
    framesPerSecond,
  });
  const found = (of: FilmIndex, timestamps: readonly number[], framesPerSecond: number) => {
    const pictures = picturesByTime(of, whole(of), rows(timestamps, framesPerSecond));
    return typeof pictures === "string" ? pictures : [...pictures];
  };

  test("have the picture of their time where the first ones are gone, or every second one", () => {
    expect(found(even(30, 10), seconds(4, 10, 1), 10)).toEqual([10, 11, 12, 13]);
    expect(found(even(12, 60), seconds(5, 30), 30)).toEqual([0, 2, 4, 6, 8]);
  });

  test("have the picture that is nearest to the measured time of each", () => {
    expect(found(even(12, 10), [0.034, 0.106, 0.204, 0.301], 10)).toEqual([0, 1, 2, 3]);
    expect(found(film([0, 0.09, 0.22, 0.31, 0.4]), [0.1, 0.2, 0.3], 10)).toEqual([1, 2, 3]);
  });

  test("are counted from where the clip begins", () => {
    const pictures = picturesByTime(even(40, 10), { from: 2, first: 20, end: 36 }, rows(seconds(3, 10, 0.5), 10));
    expect(pictures).toEqual(Int32Array.of(25, 26, 27));
  });

  test("are refused where the film or the clip ends before them", () => {
    expect(found(even(19, 10), seconds(20, 10), 10)).toMatch(
      /^expected a picture for each of the 20 rows of episode 6, got 19 pictures and none at 1\.900 s, the time of row 19; /,
    );
    const beyond = picturesByTime(even(40, 10), { from: 2, first: 20, end: 25 }, rows(seconds(6, 10), 10));
    expect(beyond).toMatch(/got 5 pictures and none at 2\.500 s, the time of row 5;/);
  });

  test("are refused with the timestamps' own cure where these count from elsewhere, as the wall clock does", () => {
    const since1970 = found(even(22, 10), seconds(20, 10, 1.7e9), 10);
    expect(since1970).toMatch(
      /none at 1700000000\.000 s, the time of row 0; let timestamps count seconds from the first/,
    );
    expect(found(even(19, 10), seconds(20, 10), 10)).toMatch(/; write the film again with a picture for each row/);
  });

  test("are refused with both rates where the clocks drift apart by half a frame", () => {
    // At row 500 a film of 29.97 is half a frame late: 500 · (1001 / 30000 − 1 / 30) = 1 / 60 s.
    const ntsc = (pictures: number) => even(pictures, 30000 / 1001);
    expect(found(ntsc(800), seconds(490, 30), 30)).toEqual([...Array(490).keys()]);
    expect(found(ntsc(800), seconds(510, 30), 30)).toContain("film 29.97/s, info.json 30/s");
    expect(found(ntsc(699), seconds(700, 30), 30)).toContain("film 29.97/s, info.json 30/s");
    expect(found(even(10, 15), seconds(20, 30), 30)).toContain("film 15/s, info.json 30/s");
  });

  test("are refused where two of them would have one picture", () => {
    expect(found(even(30, 10), [0.1, 0.2, 0.24, 0.4], 10)).toContain("picture 2 (0.200 s), for rows 1 and 2");
  });
});
