#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
// What `npx armature` starts in the installed package. The rest is imported only where Node can read it.
const oldestNode = 24;

if (Number.parseInt(process.versions.node, 10) < oldestNode) {
  process.stderr.write(
    `armature: expected Node ${oldestNode} or newer, got ${process.versions.node}; install it (https://nodejs.org)\n`,
  );
  process.exit(2);
}

const [{ commands }, { start }] = await Promise.all([import("./commands.ts"), import("./start.ts")]);
await start(commands);

export {};
