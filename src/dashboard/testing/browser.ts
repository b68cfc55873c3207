import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { readAssets } from "../asset.ts";
import { pageFolder } from "../page-folder.ts";
import { type RunningDashboard, startDashboard } from "../server.ts";
import { SourceFolders } from "../source.ts";

const program = "/usr/bin/chromium";

/** Whether there is a browser to drive: Debian's package `chromium`. */
export const hasBrowser = existsSync(program);

/** A title that says why a suite is skipped. */
export function inBrowser(title: string): string {
  return hasBrowser ? title : `${title} (skipped: no browser at ${program})`;
}

/** A dashboard of some folders, and a browser that looks at it. */
export interface WatchedDashboard {
  readonly url: string;
  /** A page of its own, at an address below the dashboard's; faults of the page fail the test that asks for them. */
  page(address: string, look?: PageLook): Promise<WatchedPage>;
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
  const dashboard: RunningDashboard = await startDashboard({
    sources: await SourceFolders.open(folders),
    assets: await readAssets(await pageFolder(() => {})),
    host: "127.0.0.1",
    port: 0,
    failed: (error) => failures.push(error),
  });
  // The sandbox of a browser needs rights that a container does not give; the page is the repository's own.
  const browser: Browser = await chromium.launch({ executablePath: program, args: ["--no-sandbox"] });
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
