import { existsSync } from "node:fs";
import { programCall } from "../own-package.ts";
import { define } from "./definition.ts";
import { natural, otherwise, repeated, text } from "./parameter.ts";
import { watchStopSignals } from "./stop-signal.ts";

/** Where runs are unless the user names a folder. */
const runsFolder = "runs";

export const dashboard = define({
  name: "dashboard",
  summary: "a local web page of runs and datasets, live while a policy trains",
  arguments: {
    folders: otherwise(
      repeated(text("runs|dataset", `folders with runs or datasets, at any depth (${runsFolder} if not given)`)),
      [],
    ),
  },
  options: {
    host: otherwise(text("address", "to listen on; only this machine reaches the default"), "127.0.0.1"),
    port: otherwise(natural("port", "to listen on; 0 for any that is free"), 6007),
  },
  examples: [
    { line: "dashboard", shows: "every run below runs/; the address is printed, Ctrl-C ends it" },
    { line: "dashboard runs/wide runs/narrow", shows: "two runs side by side" },
    { line: "dashboard runs ../shared/data/real --port 8080", shows: "with the datasets they learn from" },
  ],
  async run({ folders, host, port }, terminal) {
    const { InputError } = await import("../input-error.ts");
    const { pageFolder } = await import("../dashboard/page-folder.ts");
    const { readAssets } = await import("../dashboard/asset.ts");
    const { isLoopback } = await import("../dashboard/access.ts");
    const { startDashboard } = await import("../dashboard/server.ts");
    const { SourceFolders } = await import("../dashboard/source.ts");
    const { explain } = await import("./run.ts");
    const say = (line: string) => void terminal.err.write(`${line}\n`);
    if (folders.length === 0 && !existsSync(runsFolder))
      throw new InputError(
        `dashboard: expected folders, or ${runsFolder}/ here, got neither; "${programCall} demo" makes a run`,
      );
    const sources = await SourceFolders.open(folders.length === 0 ? [runsFolder] : folders);
    const assets = await readAssets(await pageFolder(() => say("building the page (once)")));
    const failed = (error: unknown) => say(explain(error));
    const stopped = Promise.withResolvers<void>();
    const signals = watchStopSignals(stopped.resolve);
    try {
      const server = await startDashboard({ sources, assets, host, port, failed });
      if (!isLoopback(host)) say("whoever reaches this address can read these folders: it asks for no key");
      say(`dashboard at ${server.url}`);
      await stopped.promise;
      await server.close();
      return { status: 0, json: { url: server.url }, text: "stopped" };
    } finally {
      signals.forget();
    }
  },
});
