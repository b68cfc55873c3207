import { mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

/** A run that one worker works on. The file names its process; that of a process that is gone counts for nothing. */
export async function claim(folder: string, name: string): Promise<(() => Promise<void>) | null> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, name.replaceAll(" ", "-"));
  if (await isHeld(path)) return null;
  try {
    const file = await open(path, "wx");
    await file.writeFile(String(process.pid));
    await file.close();
  } catch {
    return null;
  }
  return () => rm(path);
}

async function isHeld(path: string): Promise<boolean> {
  const owner = Number(await readFile(path, "utf8").catch(() => ""));
  if (owner === 0) return false;
  try {
    process.kill(owner, 0);
    return true;
  } catch {
    await rm(path, { force: true });
    return false;
  }
}
