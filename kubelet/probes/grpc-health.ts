/** One call of `grpc.health.v1.Health/Check`, spoken over plain HTTP/2. Upstream: `pkg/probe/grpc`. */
import { type ClientHttp2Session, connect, constants } from "node:http2";
import { KUBERNETES_MAJOR, KUBERNETES_MINOR } from "../../shared/process/version.ts";
import type { ProbeAnswer } from "./http-request.ts";

const SERVING = 1;
const STATUS_NAMES = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];
const UNIMPLEMENTED = "12";
/** Length of gRPC's frame header: a flag and a 32-bit length. */
const FRAME_HEADER_BYTES = 5;

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

/** A health request: field 1 is the service's name. */
export function healthRequest(service: string): Buffer {
  const name = Buffer.from(service);
  const message =
    name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name]);
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

/** Status in the answer; 0 (unknown) when it carries none. */
export function healthStatus(body: Buffer): number {
  const message = body.subarray(FRAME_HEADER_BYTES);
  return message[0] === 0x08 ? (message[1] ?? 0) : 0;
}

/** Never rejects. */
export function probeGrpc(host: string, port: number, service: string, timeoutMs: number): Promise<ProbeAnswer> {
  return new Promise((resolve) => {
    const session = connect(`http://${host.includes(":") ? `[${host}]` : host}:${port}`);
    const finish = (answer: ProbeAnswer): void => {
      session.destroy();
      resolve(answer);
    };
    let isConnected = false;
    session.on("connect", () => {
      isConnected = true;
    });
    const fail = (reason: string): void =>
      finish({
        isSuccess: false,
        output: isConnected ? `error: health rpc probe failed: ${reason}` : failedToConnect(host, port, timeoutMs),
      });
    session.setTimeout(timeoutMs, () => fail("context deadline exceeded"));
    session.on("error", (error) => fail(error.message));
    check(session, service, finish, fail);
  });
}

function failedToConnect(host: string, port: number, timeoutMs: number): string {
  return `timeout: failed to connect service "${host}:${port}" within ${timeoutMs / 1000}s: context deadline exceeded`;
}

function check(
  session: ClientHttp2Session,
  service: string,
  finish: (answer: ProbeAnswer) => void,
  fail: (reason: string) => void,
): void {
  const stream = session.request({
    [constants.HTTP2_HEADER_METHOD]: "POST",
    [constants.HTTP2_HEADER_PATH]: "/grpc.health.v1.Health/Check",
    [constants.HTTP2_HEADER_CONTENT_TYPE]: "application/grpc",
    [constants.HTTP2_HEADER_TE]: "trailers",
    [constants.HTTP2_HEADER_USER_AGENT]: `kube-probe/${KUBERNETES_MAJOR}.${KUBERNETES_MINOR}`,
  });
  const chunks: Buffer[] = [];
  let code = "";
  const noteCode = (headers: Readonly<Record<string, unknown>>): void => {
    const status = headers["grpc-status"];
    if (typeof status === "string") code = status;
  };
  stream.on("response", noteCode);
  stream.on("trailers", noteCode);
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("error", (error) => fail(error.message));
  stream.on("end", () => finish(answerOf(code, Buffer.concat(chunks))));
  stream.end(healthRequest(service));
}

function answerOf(code: string, body: Buffer): ProbeAnswer {
  if (code === UNIMPLEMENTED) {
    return {
      isSuccess: false,
      output: "error: this server does not implement the grpc health protocol (grpc.health.v1.Health)",
    };
  }
  if (code !== "0") return { isSuccess: false, output: `error: health rpc probe failed: code ${code}` };
  const status = healthStatus(body);
  if (status === SERVING) return { isSuccess: true, output: "service healthy" };
  return { isSuccess: false, output: `service unhealthy (responded with "${STATUS_NAMES[status] ?? "UNKNOWN"}")` };
}
