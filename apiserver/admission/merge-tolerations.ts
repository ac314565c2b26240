import type { Toleration } from "../../shared/api/generated/core/v1.ts";
import { deepEqual } from "../../shared/machinery/deep-equal.ts";

/** Whether `wide` tolerates everything that `narrow` does. Upstream: `pkg/util/tolerations`. */
function covers(wide: Toleration, narrow: Toleration): boolean {
  if (deepEqual(wide, narrow)) return true;
  const { key = "", operator = "Equal", effect = "", value = "", tolerationSeconds } = wide;
  if ((narrow.key ?? "") !== key && (key !== "" || operator !== "Exists")) return false;
  if ((narrow.effect ?? "") !== effect && effect !== "") return false;
  if (effect === "NoExecute" && tolerationSeconds !== undefined) {
    if (narrow.tolerationSeconds === undefined || narrow.tolerationSeconds > tolerationSeconds) return false;
  }
  if (operator === "Exists") return true;
  return operator === "Equal" && (narrow.operator ?? "Equal") === "Equal" && (narrow.value ?? "") === value;
}

/** All of both lists, in order, without those that another one covers; of two alike the first stays. */
export function mergeTolerations(first: readonly Toleration[], second: readonly Toleration[]): Toleration[] {
  const all = [...first, ...second];
  const merged: Toleration[] = [];
  for (const [index, one] of all.entries()) {
    const isCovered =
      merged.some((kept) => covers(kept, one)) ||
      all.slice(index + 1).some((later) => !deepEqual(later, one) && covers(later, one));
    if (!isCovered) merged.push(one);
  }
  return merged;
}
