import { z } from "zod";
import { readEventsSince } from "../../training/event-follower.ts";
import { eventFile } from "../../training/event-log.ts";
import type { Source, SourceFolders } from "../source.ts";

const auditSchema = z.object({
  step: z.int().nonnegative(),
  clean: z.boolean(),
  leaks: z.array(z.string()).default([]),
});

/** What the audit found at a step of training. */
export type AuditEvent = z.infer<typeof auditSchema>;

export interface AuditList {
  /** In the order of the steps; empty where the recipe asks for none. */
  readonly audits: readonly AuditEvent[];
  /** Lines of the log that cannot be read. */
  readonly problems: readonly string[];
}

/** The audits of a run's log. @throws RequestRefused where the log is a link that leads out of the folders given */
export async function auditsOf(sources: SourceFolders, source: Source): Promise<AuditList> {
  const path = await sources.file(source, eventFile);
  if (path === null) return { audits: [], problems: [] };
  const { events, problems } = await readEventsSince(path, null);
  const audits = events.flatMap((event) => (event.kind === "audit" ? [auditSchema.safeParse(event)] : []));
  return {
    audits: audits.flatMap(({ data }) => (data === undefined ? [] : [data])),
    problems: [
      ...problems,
      ...audits.flatMap(({ error }) => (error === undefined ? [] : ["an audit of another form"])),
    ],
  };
}
