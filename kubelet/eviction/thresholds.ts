/** Thresholds of eviction, read from the configuration: pure. Upstream: `pkg/kubelet/eviction/helpers.go`. */
import { parseQuantity, value } from "../../shared/machinery/quantity.ts";
import { parseDurationMs } from "../../shared/process/flags.ts";
import type { KubeletConfiguration } from "../configuration/configuration-fields.ts";

export type Signal =
  | "memory.available"
  | "allocatableMemory.available"
  | "nodefs.available"
  | "nodefs.inodesFree"
  | "imagefs.available"
  | "imagefs.inodesFree"
  | "containerfs.available"
  | "containerfs.inodesFree"
  | "pid.available";

export type StarvedResource = "memory" | "ephemeral-storage" | "inodes" | "pids";
export type PressureType = "MemoryPressure" | "DiskPressure" | "PIDPressure";

interface SignalFacts {
  readonly resource: StarvedResource;
  readonly condition: PressureType;
}

/** In the order in which upstream looks for what to reclaim: memory before everything else. */
export const SIGNALS: Readonly<Record<Signal, SignalFacts>> = {
  "memory.available": { resource: "memory", condition: "MemoryPressure" },
  "allocatableMemory.available": { resource: "memory", condition: "MemoryPressure" },
  "nodefs.available": { resource: "ephemeral-storage", condition: "DiskPressure" },
  "nodefs.inodesFree": { resource: "inodes", condition: "DiskPressure" },
  "imagefs.available": { resource: "ephemeral-storage", condition: "DiskPressure" },
  "imagefs.inodesFree": { resource: "inodes", condition: "DiskPressure" },
  "containerfs.available": { resource: "ephemeral-storage", condition: "DiskPressure" },
  "containerfs.inodesFree": { resource: "inodes", condition: "DiskPressure" },
  "pid.available": { resource: "pids", condition: "PIDPressure" },
};

/** An amount, or a part of the capacity. */
export type ThresholdValue = { readonly quantity: string } | { readonly part: number };

export interface Threshold {
  readonly signal: Signal;
  readonly value: ThresholdValue;
  /** 0: hard, pods end at once. */
  readonly gracePeriodMs: number;
  readonly minimumReclaim: ThresholdValue | undefined;
}

type ThresholdSettings = Pick<
  KubeletConfiguration,
  "evictionHard" | "evictionSoft" | "evictionSoftGracePeriod" | "evictionMinimumReclaim"
>;

function isSignal(name: string): name is Signal {
  return Object.hasOwn(SIGNALS, name);
}

function readValue(signal: string, text: string): ThresholdValue {
  if (!text.endsWith("%")) return { quantity: parseAmount(signal, text) };
  const part = Number(text.slice(0, -1)) / 100;
  if (!Number.isFinite(part) || text === "%")
    throw new Error(`eviction percentage threshold ${signal} is invalid: ${text}`);
  if (part < 0) throw new Error(`eviction percentage threshold ${signal} must be >= 0%: ${text}`);
  if (part > 1) throw new Error(`eviction percentage threshold ${signal} must be <= 100%: ${text}`);
  return { part };
}

function parseAmount(signal: string, text: string): string {
  const { nanos } = parseQuantity(text);
  if (nanos < 0n || (nanos === 0n && !/^0/.test(text))) {
    throw new Error(`eviction threshold ${signal} must be positive: ${text}`);
  }
  return text;
}

/** 0% and 100% turn a threshold off. */
function isOff(value: ThresholdValue): boolean {
  return "part" in value && (value.part === 0 || value.part === 1);
}

function statements(settings: Readonly<Record<string, string>>): [Signal, ThresholdValue][] {
  return Object.entries(settings)
    .map(([signal, text]): [Signal, ThresholdValue] => {
      if (!isSignal(signal)) throw new Error(`unsupported eviction signal ${signal}`);
      return [signal, readValue(signal, text)];
    })
    .filter(([, value]) => !isOff(value));
}

function gracePeriod(signal: Signal, periods: Readonly<Record<string, string>>): number {
  const text = periods[signal];
  if (text === undefined) throw new Error(`grace period must be specified for the soft eviction threshold ${signal}`);
  const periodMs = parseDurationMs(text);
  if (periodMs < 0) throw new Error(`invalid eviction grace period specified: ${text}, must be a positive value`);
  return periodMs;
}

/** Hard ones first. Throws with upstream's words for what cannot be read. */
export function evictionThresholds(settings: ThresholdSettings): Threshold[] {
  for (const signal of Object.keys(settings.evictionSoftGracePeriod)) {
    if (!isSignal(signal)) throw new Error(`unsupported eviction signal ${signal}`);
  }
  const reclaims = new Map(statements(settings.evictionMinimumReclaim));
  const hard = statements(settings.evictionHard).map(([signal, limit]) => ({ signal, value: limit, gracePeriodMs: 0 }));
  const soft = statements(settings.evictionSoft).map(([signal, limit]) => ({
    signal,
    value: limit,
    gracePeriodMs: gracePeriod(signal, settings.evictionSoftGracePeriod),
  }));
  return [...hard, ...soft].map((threshold) => ({ ...threshold, minimumReclaim: reclaims.get(threshold.signal) }));
}

/** The amount that a value stands for. */
export function amountOf(limit: ThresholdValue, capacity: number): number {
  return "part" in limit ? Math.floor(capacity * limit.part) : value(limit.quantity);
}
