import axe from "axe-core";
import type { Page } from "playwright-core";

/** What keeps people from using a page, as axe finds it: each serious or critical fault with the first element that has it. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return await page.evaluate(async () => {
    const { violations } = await Reflect.get(globalThis, "axe").run(document);
    return violations.flatMap(({ id, impact, nodes }: { id: string; impact: string; nodes: { html: string }[] }) =>
      impact === "serious" || impact === "critical" ? [`${id}: ${nodes[0]?.html}`] : [],
    );
  });
}

/** How far the page reaches past the right side of its window, in pixels; 0 where all of it fits. */
export async function overflow(page: Page): Promise<number> {
  return await page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth));
}
