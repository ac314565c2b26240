/** The configuration as `/configz` shows it: every field, durations as Go prints them. Pure. */
import { configurationFields, type FieldSpecs, type KubeletConfiguration } from "./configuration-fields.ts";

const MS_PER = { h: 3_600_000, m: 60_000, s: 1000 } as const;

/** `1h30m0s`, as `time.Duration` prints it. */
export function goDuration(ms: number): string {
  if (ms === 0) return "0s";
  if (ms < 1000) return `${ms}ms`;
  const hours = Math.floor(ms / MS_PER.h);
  const minutes = Math.floor((ms % MS_PER.h) / MS_PER.m);
  const seconds = (ms % MS_PER.m) / MS_PER.s;
  return `${hours > 0 ? `${hours}h` : ""}${ms >= MS_PER.m ? `${minutes}m` : ""}${seconds}s`;
}

export function configz(configuration: KubeletConfiguration): object {
  const specs: FieldSpecs = configurationFields;
  const shown: Record<string, unknown> = {
    kind: "KubeletConfiguration",
    apiVersion: "kubelet.config.k8s.io/v1beta1",
  };
  for (const [path, value] of Object.entries(configuration)) {
    const isDuration = specs[path]?.type === "duration";
    place(shown, path.split("."), isDuration ? goDuration(value as number) : value);
  }
  return shown;
}

function place(target: Record<string, unknown>, [step = "", ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    target[step] = value;
    return;
  }
  target[step] ??= {};
  place(target[step] as Record<string, unknown>, rest, value);
}
