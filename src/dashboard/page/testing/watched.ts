import type { Page } from "playwright-core";
import { readAssets } from "../../asset.ts";
import { pageFolder } from "../../page-folder.ts";
import { startDashboard } from "../../server.ts";
import { SourceFolders } from "../../source.ts";
import { launchBrowser } from "./browser.ts";

/** A dashboard of some folders, and a browser that looks at it. */
export interface WatchedDashboard {
  readonly url: string;
  /** A page of its own, at an address below the dashboard's. */
  page(address: string, look?: PageLook): Promise<WatchedPage>;
  /** @throws Error where the server has failed at something */
  close(): Promise<void>;
}

export interface WatchedPage {
  readonly page: Page;
  /** What the page has said of its own faults. */
  readonly faults: readonly string[];
}

export interface PageLook {
  readonly width?: number;
  readonly theme?: "light" | "dark";
}

export async function watchDashboard(folders: readonly string[]): Promise<WatchedDashboard> {
  const failures: unknown[] = [];
  const dashboard = await startDashboard({
    sources: await SourceFolders.open(folders),
    assets: await readAssets(await pageFolder(() => {})),
    host: "127.0.0.1",
    port: 0,
    failed: (error) => failures.push(error),
  });
  const browser = await launchBrowser();
  return {
    url: dashboard.url,
    page: async (address, { width = 1280, theme = "light" } = {}) => {
      const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: theme });
      const faults: string[] = [];
      page.on("pageerror", (error) => faults.push(error.message));
      await page.goto(`${dashboard.url}${address}`);
      return { page, faults };
    },
    close: async () => {
      await browser.close();
      await dashboard.close();
      if (failures.length > 0) throw new Error(`the server failed: ${failures.map(String).join("; ")}`);
    },
  };
}

/** How far the page reaches past the right side of its window, in pixels; 0 where all of it fits. */
export async function overflow(page: Page): Promise<number> {
  // As text, since tests of other folders, whose types know no browser, import this file.
  return await page.evaluate<number>("Math.max(0, document.documentElement.scrollWidth - innerWidth)");
}
