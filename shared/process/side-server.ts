/**
 * The small HTTP(S) server that every component but the apiserver runs beside its work: `/healthz`, `/livez`,
 * `/readyz` (with `?verbose`), `/metrics`, and what the component adds. Upstream: `apiserver/pkg/server/healthz`.
 *
 * Probes and scrapes are all that most of them ever answer, so express, which takes some megabytes of every process,
 * is loaded by the first request for one of the component's own pages.
 */
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { Express } from "express";
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

const PLAIN = "text/plain; charset=utf-8";
const PING: HealthCheck = { name: "ping", check: () => undefined };

type Page = (url: URL, response: ServerResponse) => Promise<void>;

function send(response: ServerResponse, code: number, type: string, text: string): void {
  const headers = {
    "Content-Type": type,
    "Content-Length": Buffer.byteLength(text),
    "X-Content-Type-Options": "nosniff",
  };
  response.writeHead(code, headers).end(text);
}

function builtInPages({ checks = [], registry }: SideServerOptions): ReadonlyMap<string, Page> {
  const health: Page = async ({ pathname, searchParams }, response) => {
    const { isHealthy, text } = await runHealthChecks(pathname, [PING, ...checks]);
    const isVerbose = searchParams.has("verbose") || !isHealthy;
    send(response, isHealthy ? 200 : 500, PLAIN, isVerbose ? text : "ok");
  };
  const metrics: Page = async (_url, response) => send(response, 200, registry.contentType, await registry.metrics());
  return new Map([
    ["/healthz", health],
    ["/livez", health],
    ["/readyz", health],
    ["/metrics", metrics],
  ]);
}

/** The component's own pages. */
async function loadApp(extend: (app: Express) => void): Promise<Express> {
  const { default: express } = await import("express");
  const app = express();
  app.disable("x-powered-by");
  extend(app);
  return app;
}

function createListener(options: SideServerOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const pages = builtInPages(options);
  let app: Promise<Express> | undefined;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://localhost");
    const page = pages.get(url.pathname);
    if (page !== undefined) return page(url, response);
    if (options.extend === undefined) return send(response, 404, PLAIN, "404 page not found\n");
    app ??= loadApp(options.extend.bind(options));
    (await app)(request, response);
  };
  return (request, response) => {
    answer(request, response).catch((err: unknown) => {
      if (!response.headersSent) send(response, 500, PLAIN, `${err instanceof Error ? err.message : String(err)}\n`);
    });
  };
}

/** Listens; rejects when the address is in use. */
export async function startSideServer(options: SideServerOptions): Promise<SideServer> {
  const listener = createListener(options);
  const server = options.tls === undefined ? createHttpServer(listener) : createHttpsServer(options.tls, listener);
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
