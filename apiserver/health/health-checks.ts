/**
 * `/healthz`, `/livez`, `/readyz` and their parts (apiserver `pkg/server/healthz`). A failed check says why in the
 * log only: the paths are open to everybody.
 */
import type { Logger } from "../../shared/process/logger.ts";
import type { RequestContext } from "../http/request-context.ts";
import { sendText } from "../http/respond.ts";

export interface HealthCheck {
  /** Path below the endpoint: `etcd`, `poststarthook/bootstrap`. */
  readonly name: string;
  /** Endpoints it counts for. */
  readonly endpoints: readonly HealthEndpoint[];
  /** Rejects with the reason when it fails. */
  check(): Promise<void> | void;
}

export type HealthEndpoint = "healthz" | "livez" | "readyz";
const ENDPOINTS: readonly HealthEndpoint[] = ["healthz", "livez", "readyz"];

interface Outcome {
  readonly line: string;
  readonly isFailed: boolean;
}

export class HealthChecks {
  readonly #checks: readonly HealthCheck[];
  readonly #logger: Logger;

  constructor(checks: readonly HealthCheck[], logger: Logger) {
    this.#checks = checks;
    this.#logger = logger;
  }

  /** Every path that is served, for `/`. */
  paths(): string[] {
    return ENDPOINTS.flatMap((endpoint) => [
      `/${endpoint}`,
      ...this.#checks.filter((one) => one.endpoints.includes(endpoint)).map((one) => `/${endpoint}/${one.name}`),
    ]);
  }

  /** Answers a health path; false when it is none. */
  async serve(context: RequestContext): Promise<boolean> {
    const path = context.info.path.replace(/\/+$/u, "");
    const endpoint = ENDPOINTS.find((one) => path === `/${one}` || path.startsWith(`/${one}/`));
    if (endpoint === undefined) return false;
    const checks = this.#checks.filter((one) => one.endpoints.includes(endpoint));
    if (path === `/${endpoint}`) {
      await this.#serveAll(context, endpoint, checks);
      return true;
    }
    const wanted = checks.find((one) => path === `/${endpoint}/${one.name}`);
    if (wanted === undefined) return false;
    await this.#serveOne(context, wanted);
    return true;
  }

  async #serveAll(context: RequestContext, endpoint: HealthEndpoint, checks: readonly HealthCheck[]): Promise<void> {
    const excluded = new Set(context.query.getAll("exclude"));
    const outcomes = await Promise.all(checks.map((one) => this.#run(one, excluded.has(one.name))));
    const unknown = [...excluded].filter((name) => !checks.some((one) => one.name === name));
    const warning =
      unknown.length === 0
        ? ""
        : `warn: some health checks cannot be excluded: no matches for ${unknown.map((one) => JSON.stringify(one)).join(", ")}\n`;
    const lines = outcomes.map((one) => `${one.line}\n`).join("") + warning;
    if (outcomes.some((one) => one.isFailed)) return sendText(context, 500, `${lines}${endpoint} check failed\n`);
    const isVerbose = context.query.has("verbose");
    sendText(context, 200, isVerbose ? `${lines}${endpoint} check passed\n` : "ok");
  }

  async #serveOne(context: RequestContext, check: HealthCheck): Promise<void> {
    const { isFailed } = await this.#run(check, false);
    if (isFailed) sendText(context, 500, "internal server error: reason withheld\n");
    else sendText(context, 200, "ok");
  }

  async #run(check: HealthCheck, isExcluded: boolean): Promise<Outcome> {
    if (isExcluded) return { line: `[+]${check.name} excluded: ok`, isFailed: false };
    try {
      await check.check();
      return { line: `[+]${check.name} ok`, isFailed: false };
    } catch (err) {
      const reason = err instanceof Error ? err.message : String(err);
      this.#logger.warn({ check: check.name, reason }, "health check failed");
      return { line: `[-]${check.name} failed: reason withheld`, isFailed: true };
    }
  }
}
