import type { ServerAddress, Usage } from "../support/measured-server.ts";

/** Tells the parent where we are, and answers its questions; `handle` takes those that are not about usage. */
export function serve(address: ServerAddress, handle: (request: unknown) => Promise<unknown>): void {
  process.on("message", (request: unknown) => {
    const answer = request === "usage" ? Promise.resolve(usage()) : handle(request);
    void answer.then((value) => process.send?.(value as object));
  });
  process.on("disconnect", () => process.exit(0));
  process.send?.(address);
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpuMs: (user + system) / 1000, rssBytes: process.memoryUsage.rss() };
}
