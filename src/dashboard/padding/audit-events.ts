import { readEventsSince } from "../../training/event-follower.ts";
import { eventFile } from "../../training/event-log.ts";
import { type AuditRowOfRun, sortEvents } from "../run-events.ts";
import type { Source, SourceFolders } from "../source.ts";

export interface AuditList {
  /** In the order of the steps; empty where the recipe asks for none. */
  readonly audits: readonly AuditRowOfRun[];
  /** Lines of the log that cannot be read. */
  readonly problems: readonly string[];
}

/** The audits of a run's log. @throws RequestRefused where the log is a link that leads out of the folders given */
export async function auditsOf(sources: SourceFolders, source: Source): Promise<AuditList> {
  const path = await sources.file(source, eventFile);
  if (path === null) return { audits: [], problems: [] };
  const { events, problems } = await readEventsSince(path, null);
  const sorted = sortEvents(events.filter(({ kind }) => kind === "audit"));
  return { audits: sorted.audits, problems: [...problems, ...sorted.problems] };
}
