/**
 * Brings the kernel's rules to what services and endpoints ask for (upstream: `pkg/proxy/iptables/proxier.go`).
 *
 * Invariants:
 * P1 One sync at a time; whoever calls `sync` while one runs must wait for it.
 * P2 `#committed` is what the kernel holds; undefined means unknown, and the next sync reads and writes everything.
 * P3 When a sync fails, what it should have written is still marked as changed, and `#committed` is unknown.
 */
import type { Clock } from "../shared/process/clock.ts";
import type { Logger } from "../shared/process/logger.ts";
import type { Conntrack } from "./conntrack/conntrack.ts";
import type { Iptables } from "./iptables/iptables.ts";
import { type Committed, restoreInput, TABLE_NAMES } from "./iptables/restore-input.ts";
import { savedRules, withoutTexts } from "./iptables/saved-rules.ts";
import type { ProxyMetrics } from "./proxy-metrics.ts";
import type { RuleOptions } from "./rules/rule-options.ts";
import { serviceRules } from "./rules/service-rules.ts";
import { type RulesetText, rulesetText, type ServiceText, serviceText } from "./rules/table-text.ts";
import type { ServicePort } from "./state/service-port.ts";
import type { ServiceTracker } from "./state/service-tracker.ts";

export interface ProxierOptions {
  readonly tracker: ServiceTracker;
  readonly rules: RuleOptions;
  readonly iptables: Iptables;
  readonly conntrack: Conntrack;
  readonly metrics: ProxyMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

const endpointsText = (ports: readonly ServicePort[]): string =>
  JSON.stringify(ports.filter((port) => port.protocol === "UDP"));

export class Proxier {
  readonly #options: ProxierOptions;
  readonly #texts = new Map<string, readonly ServiceText[]>();
  /** UDP ports as of the last look at conntrack, to know when to look again. */
  readonly #udp = new Map<string, string>();
  #committed: Committed | undefined;
  #mustLookAtFlows = true;

  constructor(options: ProxierOptions) {
    this.#options = options;
  }

  /** The next sync reads the kernel's state and writes every chain. */
  forget(): void {
    this.#committed = undefined;
  }

  /** Rejects when the rules could not be written (P3). */
  async sync(): Promise<void> {
    const { tracker, clock, metrics, logger } = this.#options;
    const startedMs = clock.monotonicMs();
    const changed = tracker.takeChanges();
    try {
      const ruleset = this.#render(changed);
      await this.#apply(ruleset);
      await this.#clearFlows(changed);
    } catch (err) {
      tracker.markChanged(changed);
      this.#committed = undefined;
      throw err;
    }
    const durationMs = clock.monotonicMs() - startedMs;
    metrics.syncDuration.observe(durationMs / 1000);
    metrics.lastSync.set(clock.nowMs() / 1000);
    logger.debug({ services: changed.size, durationMs }, "synced");
  }

  /** False when somebody flushed our tables behind our back. */
  async isIntact(): Promise<boolean> {
    const { iptables, rules } = this.#options;
    for (const table of TABLE_NAMES) {
      if (!(await iptables.hasRule(table, rules.chains.canary))) return false;
    }
    return true;
  }

  #render(changed: ReadonlySet<string>): RulesetText {
    const { tracker, rules } = this.#options;
    for (const key of changed) {
      const ports = tracker.ports.get(key);
      if (ports === undefined || ports.length === 0) this.#texts.delete(key);
      else
        this.#texts.set(
          key,
          ports.map((port) => serviceText(serviceRules(port, rules))),
        );
    }
    const keys = [...this.#texts.keys()].toSorted();
    return rulesetText(
      keys.flatMap((key) => this.#texts.get(key) ?? []),
      rules,
    );
  }

  async #apply(ruleset: RulesetText): Promise<void> {
    const { iptables, metrics, rules } = this.#options;
    let before = this.#committed;
    if (before === undefined) {
      metrics.fullSyncs.inc();
      before = withoutTexts(savedRules(await iptables.save(), rules.chains.isOurs));
    }
    const input = restoreInput(before, ruleset);
    if (input !== "") {
      try {
        await iptables.restore(input);
      } catch (err) {
        metrics.restoreFailures.inc();
        throw err;
      }
    }
    this.#committed = ruleset;
    for (const table of TABLE_NAMES) {
      let count = 0;
      for (const lines of ruleset[table].chains.values()) count += lines.length;
      metrics.rules.set({ table }, count);
    }
  }

  /** Looks at conntrack when the endpoints of a UDP port changed, and once at the start. */
  async #clearFlows(changed: ReadonlySet<string>): Promise<void> {
    const { tracker, conntrack, metrics, logger } = this.#options;
    for (const key of changed) {
      const text = endpointsText(tracker.ports.get(key) ?? []);
      if (text === (this.#udp.get(key) ?? "[]")) continue;
      this.#mustLookAtFlows = true;
      if (text === "[]") this.#udp.delete(key);
      else this.#udp.set(key, text);
    }
    if (!this.#mustLookAtFlows) return;
    try {
      metrics.staleFlows.inc(await conntrack.clearStale([...tracker.ports.values()].flat()));
      this.#mustLookAtFlows = false;
    } catch (err) {
      // Rules are in place; stale flows end by themselves, and the next sync tries again.
      logger.warn({ err }, "could not clear stale UDP flows");
    }
  }
}
