/**
 * Metrics of the process itself, under the names that every Prometheus client uses. Not prom-client's own default
 * set: its event loop histogram wakes an idle process a hundred times a second.
 */
import { readdirSync, readFileSync } from "node:fs";
import { Counter, Gauge, type Registry } from "prom-client";

const PAGE_BYTES = 4096;
const START_SECONDS = Math.round(performance.timeOrigin / 1000);

/** Text of a file of `/proc`, or nothing where there is none. */
function procText(name: string): string {
  try {
    return readFileSync(`/proc/self/${name}`, "utf8");
  } catch {
    return "";
  }
}

function openFiles(): number {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return 0;
  }
}

const virtualBytes = (): number => Number(procText("statm").split(" ")[0] ?? 0) * PAGE_BYTES;
const maxFiles = (): number => Number(/^Max open files\s+(\d+)/mu.exec(procText("limits"))?.[1] ?? 0);

/** Name, help, and what it is when somebody asks. */
type Reading = readonly [name: string, help: string, read: () => number];

const COUNTERS: readonly Reading[] = [
  ["process_cpu_user_seconds_total", "User time of the processor.", () => process.cpuUsage().user / 1e6],
  ["process_cpu_system_seconds_total", "System time of the processor.", () => process.cpuUsage().system / 1e6],
  ["process_cpu_seconds_total", "User and system time of the processor.", () => cpuSeconds()],
];

const GAUGES: readonly Reading[] = [
  ["process_start_time_seconds", "Start of the process, since the epoch.", () => START_SECONDS],
  ["process_resident_memory_bytes", "Resident memory.", () => process.memoryUsage.rss()],
  ["process_virtual_memory_bytes", "Virtual memory.", virtualBytes],
  ["process_open_fds", "Open file descriptors.", openFiles],
  ["process_max_fds", "Limit of open file descriptors.", maxFiles],
  ["nodejs_heap_size_total_bytes", "Size of the JavaScript heap.", () => process.memoryUsage().heapTotal],
  ["nodejs_heap_size_used_bytes", "Used part of the JavaScript heap.", () => process.memoryUsage().heapUsed],
  ["nodejs_external_memory_bytes", "Memory of buffers outside the heap.", () => process.memoryUsage().external],
  [
    "nodejs_eventloop_utilization",
    "Part of the time since the start that the event loop was busy.",
    () => performance.eventLoopUtilization().utilization,
  ],
];

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Adds them to a registry; each is read when the registry is, so an idle process does nothing for them. */
export function collectProcessMetrics(registry: Registry): void {
  const registers = [registry];
  for (const [name, help, read] of COUNTERS) {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }
  for (const [name, help, read] of GAUGES) {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  }
}
