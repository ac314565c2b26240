import { createServer } from "node:net";

/**
 * Rejects when somebody listens on that port already. Listeners that share a port do not notice each other, so a
 * second server by mistake would take half of the first one's clients.
 */
export function claimPort(port: number, host: string): Promise<void> {
  if (port === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve()));
  });
}
