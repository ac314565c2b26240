import { createServer } from "node:http";
import type { ProxyHealth } from "./proxy-health.ts";

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves `/healthz` and `/livez`. Rejects when the address is in use. */
export function startHealthServer(health: ProxyHealth, host: string, port: number): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const path = (request.url ?? "").split("?", 1)[0];
    if (path !== "/healthz" && path !== "/livez") {
      response.writeHead(404, { "Content-Type": "text/plain; charset=utf-8" }).end("404 page not found\n");
      return;
    }
    const { code, body } = health.report(path);
    response.writeHead(code, { "Content-Type": "application/json", "X-Content-Type-Options": "nosniff" }).end(body);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      const address = server.address();
      resolve({
        port: typeof address === "object" && address !== null ? address.port : port,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            server.closeAllConnections();
          }),
      });
    });
  });
}
