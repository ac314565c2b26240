/**
 * The small HTTP(S) server that every component but the apiserver runs beside its work: `/healthz`, `/livez`,
 * `/readyz` (with `?verbose`), `/metrics`, and what the component adds. Upstream: `apiserver/pkg/server/healthz`.
 */
import { createServer as createHttpServer, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import express, { type Express } from "express";
import type { Registry } from "prom-client";

/** A named check of `/healthz`; rejects or throws with the reason when it fails. */
export interface HealthCheck {
  readonly name: string;
  check(): Promise<void> | void;
}

export interface SideServerOptions {
  readonly host: string;
  readonly port: number;
  /** PEM; plain HTTP when left out. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly registry: Registry;
  readonly checks?: readonly HealthCheck[];
  /** Adds routes of the component's own, after health and metrics. */
  extend?(app: Express): void;
}

export interface SideServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Runs all checks; the text is upstream's verbose form. */
export async function runHealthChecks(
  path: string,
  checks: readonly HealthCheck[],
): Promise<{ isHealthy: boolean; text: string }> {
  const lines: string[] = [];
  let isHealthy = true;
  for (const check of checks) {
    try {
      await check.check();
      lines.push(`[+]${check.name} ok`);
    } catch {
      // The reason is not for everybody's eyes: upstream withholds it from this page too.
      isHealthy = false;
      lines.push(`[-]${check.name} failed: reason withheld`);
    }
  }
  lines.push(`${path.slice(1)} check ${isHealthy ? "passed" : "failed"}`);
  return { isHealthy, text: `${lines.join("\n")}\n` };
}

const PING: HealthCheck = { name: "ping", check: () => undefined };

/** Listens; rejects when the address is in use. */
export async function startSideServer(options: SideServerOptions): Promise<SideServer> {
  const app = express();
  app.disable("x-powered-by");
  const checks = [PING, ...(options.checks ?? [])];
  app.get(["/healthz", "/livez", "/readyz"], async (request, response) => {
    const { isHealthy, text } = await runHealthChecks(request.path, checks);
    const isVerbose = "verbose" in request.query || !isHealthy;
    response
      .status(isHealthy ? 200 : 500)
      .type("text/plain")
      .send(isVerbose ? text : "ok");
  });
  app.get("/metrics", async (_request, response) => {
    response.type(options.registry.contentType).send(await options.registry.metrics());
  });
  options.extend?.(app);
  const server = options.tls === undefined ? createHttpServer(app) : createHttpsServer(options.tls, app);
  await listen(server, options.host, options.port);
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : options.port,
    close: () => close(server),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve());
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
