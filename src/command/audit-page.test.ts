import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { story } from "../dashboard/testing/story.ts";
import { auditPage } from "./audit-page.ts";

it("writes what an audit found, with the place of a leak, into a document of its own", async () => {
  const folder = await mkdtemp(join(tmpdir(), "armature-audit-page-"));
  const path = join(folder, "audit.html");
  const write = await auditPage(path, { subject: "runs/wide", broken: "view-keys" }, () => {});
  await write(story.audit);
  const document = await readFile(path, "utf8");
  const { kind, subject, audit } = JSON.parse(/<script id="report"[^>]*>(.*?)<\/script>/s.exec(document)![1]!);
  expect({ kind, subject, conclusion: audit.conclusion }).toEqual({
    kind: "audit",
    subject: "runs/wide",
    conclusion: "The audit finds that view-keys is off.",
  });
  expect(audit.rows).toEqual(story.audit.rows);
  expect(audit.leaks).toEqual(["views reach actions: they enter at batch/collate.ts: images"]);
  await rm(folder, { recursive: true });
});

it("is refused where no file can be written, before anything is audited", async () => {
  const path = join(tmpdir(), "armature-is-not-there", "audit.html");
  await expect(auditPage(path, { subject: "runs/wide", broken: null }, () => {})).rejects.toThrow(
    `--html: expected a file in a folder that can be written, got ${path}`,
  );
});
