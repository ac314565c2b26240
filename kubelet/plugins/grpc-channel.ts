/**
 * One gRPC channel to a plugin's unix socket: calls by name, with gRPC's status codes as a union. The wire is a
 * `.proto` file beside who calls; it is read once per file.
 */
import { fileURLToPath } from "node:url";
import { Client, credentials, Metadata, type MethodDefinition, type ServiceDefinition, status } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { invariant } from "../../shared/errors/invariant.ts";
import type { Clock } from "../../shared/process/clock.ts";

type Method = MethodDefinition<object, object>;

/** Where a service is declared: the file, and its full name in there. */
export interface GrpcService {
  readonly proto: URL;
  readonly name: string;
}

/** What a plugin answered instead of an answer; the message is as Go clients print it. */
export class GrpcError extends Error {
  override readonly name = "GrpcError";
  readonly code: keyof typeof status;

  constructor(code: keyof typeof status, details: string) {
    super(`rpc error: code = ${goName(code)} desc = ${details}`);
    this.code = code;
  }
}

/** `DEADLINE_EXCEEDED` is `DeadlineExceeded`. */
function goName(code: string): string {
  if (code === "OK") return code;
  const words = code.split("_").map((word) => word.charAt(0) + word.slice(1).toLowerCase());
  return words.join("");
}

export interface GrpcChannel {
  /** Rejects with `GrpcError`; waits for a plugin that is just starting as long as the time allows. */
  call<Answer>(method: string, request: object, timeoutMs: number, signal?: AbortSignal): Promise<Answer>;
  /** Calls back for each message; resolves at the end of the stream or when `signal` aborts. */
  stream<Message>(
    method: string,
    request: object,
    signal: AbortSignal,
    onMessage: (message: Message) => void,
  ): Promise<void>;
  close(): void;
}

const loaded = new Map<string, ReadonlyMap<string, Method>>();

/** For who serves it. */
export function serviceDefinition({ proto, name }: GrpcService): ServiceDefinition {
  const definition = loadSync(fileURLToPath(proto), {
    longs: Number,
    enums: String,
    defaults: true,
    arrays: true,
    objects: true,
  });
  return definition[name] as ServiceDefinition;
}

function methodsOf(service: GrpcService): ReadonlyMap<string, Method> {
  const key = `${service.proto.pathname}#${service.name}`;
  const known = loaded.get(key);
  if (known !== undefined) return known;
  const methods = new Map(Object.entries(serviceDefinition(service)) as [string, Method][]);
  loaded.set(key, methods);
  return methods;
}

function methodOf(service: GrpcService, method: string): Method {
  const definition = methodsOf(service).get(method);
  invariant(definition, `no method ${method} in ${service.name}`);
  return definition;
}

/** `socket` is a path, with or without `unix://` before it. Connects with the first call. */
export function openGrpcChannel(socket: string, service: GrpcService, clock: Clock): GrpcChannel {
  const path = socket.replace(/^unix:(\/\/)?/, "");
  const client = new Client(`unix://${path}`, credentials.createInsecure(), {
    // Go servers refuse the socket's path as an authority.
    "grpc.default_authority": "localhost",
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.min_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1000,
    // A plugin that came back on the same path is a new connection.
    "grpc.use_local_subchannel_pool": 1,
  });
  return {
    call: (method, request, timeoutMs, signal) =>
      unary(client, methodOf(service, method), request, clock.nowMs() + timeoutMs, signal) as Promise<never>,
    stream: (method, request, signal, onMessage) =>
      readStream(client, methodOf(service, method), request, signal, onMessage as (message: object) => void),
    close: () => client.close(),
  };
}

function unary(
  client: Client,
  method: Method,
  request: object,
  deadline: number,
  signal: AbortSignal | undefined,
): Promise<object> {
  return new Promise((resolve, reject) => {
    const call = client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      new Metadata({ waitForReady: true }),
      { deadline },
      (error, response) => {
        signal?.removeEventListener("abort", cancel);
        if (error !== null) reject(new GrpcError(codeName(error.code), error.details));
        else resolve(response ?? {});
      },
    );
    const cancel = (): void => call.cancel();
    signal?.addEventListener("abort", cancel, { once: true });
    if (signal?.aborted === true) cancel();
  });
}

function codeName(code: status): keyof typeof status {
  return (status[code] ?? "UNKNOWN") as keyof typeof status;
}

function readStream(
  client: Client,
  method: Method,
  request: object,
  signal: AbortSignal,
  onMessage: (message: object) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = client.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
    );
    const cancel = (): void => stream.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    stream.on("data", onMessage);
    stream.on("end", () => {
      signal.removeEventListener("abort", cancel);
      resolve();
    });
    stream.on("error", (error: { code: status; details: string }) => {
      signal.removeEventListener("abort", cancel);
      if (signal.aborted) resolve();
      else reject(new GrpcError(codeName(error.code), error.details));
    });
    if (signal.aborted) cancel();
  });
}
