/** Runs one probe once. Upstream: `prober/prober.go`. */
import { connect } from "node:net";
import type { Container, Probe } from "../../shared/api/generated/core/v1.ts";
import { portNumber } from "../containers/port-number.ts";
import type { ContainerRuntime } from "../runtime/runtime.ts";
import { isRuntimeNotFound, messageOf, RuntimeCallError } from "../runtime/runtime-error.ts";
import { probeGrpc } from "./grpc-health.ts";
import { connectFailureText, type ProbeAnswer, probeHttp } from "./http-request.ts";
import { probeTimeoutMs } from "./probe-state.ts";

export interface ProbeTarget {
  readonly containerId: string;
  readonly container: Container;
  readonly host: string;
}

/** More of a command's output says nothing more. */
const OUTPUT_BYTES_MAX = 10 * 1024;
/** A probe that could not be made is tried again at once this often. */
const TRIES_MAX = 3;

/** Rejects when the probe could not be made, however often: that says nothing about the container. */
export async function tryProbe(runtime: ContainerRuntime, probe: Probe, target: ProbeTarget): Promise<ProbeAnswer> {
  for (let tries = 1; ; tries++) {
    try {
      return await runProbe(runtime, probe, target);
    } catch (error) {
      if (tries === TRIES_MAX || isRuntimeNotFound(error)) throw error;
    }
  }
}

/** Rejects when the probe itself could not be made: that says nothing about the container. */
function runProbe(runtime: ContainerRuntime, probe: Probe, target: ProbeTarget): Promise<ProbeAnswer> {
  const timeoutMs = probeTimeoutMs(probe);
  if (probe.exec !== undefined)
    return probeExec(runtime, target.containerId, probe.exec.command ?? [], probe.timeoutSeconds ?? 1);
  if (probe.httpGet !== undefined) {
    return probeHttp(probe.httpGet, target.host, portOf(probe.httpGet.port, target), timeoutMs);
  }
  if (probe.tcpSocket !== undefined) {
    const { host, port } = probe.tcpSocket;
    return probeTcp(host === undefined || host === "" ? target.host : host, portOf(port, target), timeoutMs);
  }
  if (probe.grpc !== undefined) return probeGrpc(target.host, probe.grpc.port, probe.grpc.service ?? "", timeoutMs);
  return Promise.reject(new Error("missing probe handler"));
}

function portOf(port: number | string, { container }: ProbeTarget): number {
  const number = portNumber(port, container.ports);
  if (number === undefined) throw new Error(`couldn't find port: "${port}" in container ${container.name}`);
  return number;
}

async function probeExec(
  runtime: ContainerRuntime,
  containerId: string,
  command: readonly string[],
  timeoutSeconds: number,
): Promise<ProbeAnswer> {
  try {
    const { exitCode, output } = await runtime.exec(containerId, command, timeoutSeconds);
    return { isSuccess: exitCode === 0, output: output.subarray(0, OUTPUT_BYTES_MAX).toString("utf8") };
  } catch (error) {
    if (error instanceof RuntimeCallError && error.failure === "timeout")
      return { isSuccess: false, output: messageOf(error) };
    throw error;
  }
}

function probeTcp(host: string, port: number, timeoutMs: number): Promise<ProbeAnswer> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const finish = (answer: ProbeAnswer): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("connect", () => finish({ isSuccess: true, output: "" }));
    socket.on("timeout", () => finish({ isSuccess: false, output: `dial tcp ${host}:${port}: i/o timeout` }));
    socket.on("error", (error) => finish({ isSuccess: false, output: connectFailureText(host, port, error) }));
  });
}
