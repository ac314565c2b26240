/** Limits of huge pages: pure. Upstream: `kuberuntime_container_linux.go` GetHugepageLimitsFromResources. */
import { value } from "../../shared/machinery/quantity.ts";
import type { HugePageLimit } from "../runtime/runtime.ts";

const PREFIX = "hugepages-";
const UNITS = ["B", "KB", "MB", "GB", "TB", "PB"];

/** As control groups call it: 2 MiB pages are `2MB`. */
export function hugePageSizeName(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < UNITS.length - 1) {
    size = Math.floor(size / 1024);
    unit++;
  }
  return `${size}${UNITS[unit] ?? ""}`;
}

/** One for every size that the machine has; 0 for those that are not asked for. */
export function hugePageLimits(
  limits: Readonly<Record<string, string>> | undefined,
  sizes: readonly number[],
): HugePageLimit[] {
  const wanted = new Map(
    Object.entries(limits ?? {})
      .filter(([name]) => name.startsWith(PREFIX))
      .map(([name, amount]) => [hugePageSizeName(value(name.slice(PREFIX.length))), value(amount)]),
  );
  return sizes.map((size) => ({
    pageSize: hugePageSizeName(size),
    limitBytes: wanted.get(hugePageSizeName(size)) ?? 0,
  }));
}
