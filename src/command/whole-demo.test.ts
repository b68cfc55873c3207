import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumPath, keepPicture, launchBrowser } from "../dashboard/page/testing/browser.ts";
import { encodePng } from "../dashboard/png.ts";
import { loadLibav } from "../dataset/libav.ts";
import { openPictureReader } from "../dataset/read/video.ts";
import { wholeClip } from "../dataset/testing/film.ts";
import { findRobot } from "../simulation/robots.ts";
import { demo } from "./demo.ts";
import { called } from "./testing/called.ts";

/** It takes minutes, so that it runs only where the pictures of the documentation are made anew. */
const isAsked = process.env.ARMATURE_PICTURES !== undefined && chromiumPath !== null && (await loadLibav()) !== null;

const robots = ["reacher", "pusher", "arm"] as const;
const moments = 5;

let place = "";
let printed = "";
beforeAll(async () => {
  if (!isAsked) return;
  place = await mkdtemp(join(tmpdir(), "armature-whole-demo-"));
  printed = (await called([demo], ["demo", "--out", join(place, "demo"), "--json"])).out;
}, 3_600_000);
afterAll(async () => {
  if (isAsked) await rm(place, { recursive: true });
});

/** Moments of a film, evenly spaced from its first to its last, each the square of its first camera as an image of a page. */
async function filmed(path: string): Promise<{ readonly frames: number; readonly images: readonly string[] }> {
  const reader = await openPictureReader();
  const clip = await wholeClip(path);
  const frames = clip.pictures.length;
  const images: string[] = [];
  for (let moment = 0; moment < moments; moment++) {
    const frame = Math.round((moment * (frames - 1)) / (moments - 1));
    const fit = { height: 4096, width: 4096 };
    const png = encodePng(await reader.frame({ clip, frame, fit, passing: null, depth: null }));
    images.push(
      `<img alt="" src="data:image/png;base64,${Buffer.from(png).toString("base64")}"><span>step ${frame}</span>`,
    );
  }
  reader.close();
  return { frames, images };
}

const style = `
  body { margin: 0; background: #c7bfb5; color: #18202b; font: 14px/1.4 system-ui, sans-serif; }
  main { display: grid; grid-template-columns: 92px repeat(${moments}, 158px); gap: 4px; padding: 12px; width: max-content; }
  h2 { font-size: 14px; margin: 0; align-self: center; }
  h2 span { display: block; font-weight: normal; }
  figure { margin: 0; position: relative; height: 160px; overflow: hidden; border-radius: 6px; outline: 1px solid #0003; }
  img { display: block; height: 160px; }
  figure span { position: absolute; right: 6px; bottom: 3px; font-size: 12px; }`;

describe.skipIf(!isAsked)(
  "the whole demo (skipped: no pictures are asked for, or there is nothing to make them with)",
  () => {
    it("has robots succeed as its recipe expects", () => {
      const { rollouts } = JSON.parse(printed);
      const rates = rollouts.map(({ successRate }: { successRate: number }) => successRate);
      expect(rates.filter((rate: number) => rate >= 0.7).length).toBeGreaterThanOrEqual(2);
      for (const { untrained } of rollouts) expect(untrained.successRate).toBeLessThanOrEqual(0.1);
    });

    it("films the policy on its way to each robot's goal", async () => {
      const rows: string[] = [];
      for (const name of robots) {
        const { frames, images } = await filmed(join(place, `demo/films/trained/${name}-000.mp4`));
        const { dofs, stepLimit } = findRobot(name);
        // A film ends at success, or when there are no more steps.
        expect(frames).toBeLessThan(stepLimit);
        rows.push(
          `<h2>${name}<span>${dofs.length} dofs</span></h2>${images.map((image) => `<figure>${image}</figure>`).join("")}`,
        );
      }
      const browser = await launchBrowser();
      const page = await browser.newPage({ viewport: { width: 926, height: 512 } });
      await page.setContent(`<style>${style}</style><main>${rows.join("")}</main>`);
      await keepPicture(page, "demo-rollouts");
      await browser.close();
    });
  },
);
