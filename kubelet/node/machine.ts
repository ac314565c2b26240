/** Facts about this machine, read from the kernel. Upstream: cAdvisor's machine info. */
import { readdirSync, readFileSync, statfsSync } from "node:fs";
import { availableParallelism, hostname, networkInterfaces, release } from "node:os";
import { goArch } from "../../shared/process/metrics.ts";

export interface MachineInfo {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly architecture: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  readonly machineId: string;
  readonly systemUuid: string;
  readonly bootId: string;
  readonly hugePages: readonly HugePages[];
  readonly swapBytes: number;
  readonly hasAppArmor: boolean;
}

export interface HugePages {
  readonly sizeBytes: number;
  readonly count: number;
}

export interface DiskInfo {
  readonly capacityBytes: number;
  readonly availableBytes: number;
  readonly inodes: number;
  readonly inodesFree: number;
}

/** Unit of /proc/stat on every Linux that Node runs on. */
const KERNEL_TICKS_PER_SECOND = 100;

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}

function memoryField(name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(readText("/proc/meminfo"));
  return Number(match?.[1] ?? 0) * 1024;
}

export function readMachineInfo(): MachineInfo {
  const bootId = readText("/proc/sys/kernel/random/boot_id");
  const machineId = readText("/etc/machine-id");
  return {
    cpus: availableParallelism(),
    memoryBytes: memoryField("MemTotal"),
    architecture: goArch(),
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?([^"\n]*)/m.exec(readText("/etc/os-release"))?.[1] ?? "Linux",
    machineId,
    systemUuid: readText("/sys/class/dmi/id/product_uuid") || machineId,
    bootId,
    hugePages: readHugePages(),
    swapBytes: memoryField("SwapTotal"),
    hasAppArmor: readText("/sys/module/apparmor/parameters/enabled") === "Y",
  };
}

const HUGE_PAGES = "/sys/kernel/mm/hugepages";

/** Of every size that the kernel knows, the smallest first. */
function readHugePages(): HugePages[] {
  let names: string[];
  try {
    names = readdirSync(HUGE_PAGES);
  } catch {
    return [];
  }
  return names
    .map((name) => ({
      sizeBytes: Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? 0) * 1024,
      count: Number(readText(`${HUGE_PAGES}/${name}/nr_hugepages`)),
    }))
    .filter(({ sizeBytes }) => sizeBytes > 0)
    .toSorted((a, b) => a.sizeBytes - b.sizeBytes);
}

export function availableMemoryBytes(): number {
  return memoryField("MemAvailable");
}

export function readDisk(path: string): DiskInfo {
  const { bsize, blocks, bavail, files, ffree } = statfsSync(path);
  return { capacityBytes: blocks * bsize, availableBytes: bavail * bsize, inodes: files, inodesFree: ffree };
}

/** Processes and threads that run, and how many may. */
export function readProcessCounts(): { readonly running: number; readonly max: number } {
  const running = Number(/\/(\d+)/.exec(readText("/proc/loadavg"))?.[1] ?? 0);
  const max = Math.min(Number(readText("/proc/sys/kernel/pid_max")), Number(readText("/proc/sys/kernel/threads-max")));
  return { running, max };
}

/** Address of the interface with the default route, or of the first that is not the loopback. */
export function defaultAddress(): string {
  const route = readText("/proc/net/route")
    .split("\n")
    .map((line) => line.split("\t"))
    .find(([, destination]) => destination === "00000000");
  const interfaces = networkInterfaces();
  const names = [...(route?.[0] === undefined ? [] : [route[0]]), ...Object.keys(interfaces)];
  for (const name of names) {
    const address = interfaces[name]?.find(({ family, internal }) => family === "IPv4" && !internal);
    if (address !== undefined) return address.address;
  }
  return "127.0.0.1";
}

export function machineHostname(): string {
  return hostname().toLowerCase();
}

/** Processor time that was used since the machine started. */
export function nodeCpuSeconds(): number {
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0, steal = 0] = (
    readText("/proc/stat").split("\n")[0] ?? ""
  )
    .split(/\s+/)
    .map(Number);
  return (user + nice + system + irq + softIrq + steal) / KERNEL_TICKS_PER_SECOND;
}
