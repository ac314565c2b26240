/** Serves CSI and plugin registration on unix sockets: what a driver consists of, apart from what it does. */
import { mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { type CsiCode, CsiError } from "./csi-error.ts";
import { csiServices } from "./csi-services.ts";
import type { CsiMethod, CsiRequest, CsiResponse, PluginInfo, RegistrationStatus } from "./csi-wire.ts";

/** A method that is left out is answered with UNIMPLEMENTED. May throw `CsiError`; anything else is INTERNAL. */
export type CsiHandlers = {
  readonly [M in CsiMethod]?: (request: CsiRequest<M>) => Promise<CsiResponse<M>> | CsiResponse<M>;
};

export interface CsiServer {
  /** Resolves when calls under way have been answered. */
  close(): Promise<void>;
}

type Handler = (request: object) => unknown;

/** Serves the three CSI services on `socketPath`, in the place of whatever was there. */
export async function serveCsi(socketPath: string, handlers: CsiHandlers): Promise<CsiServer> {
  const { identity, controller, node } = csiServices();
  const server = new Server();
  for (const service of [identity, controller, node]) {
    const served: UntypedServiceImplementation = {};
    for (const name of Object.keys(service)) {
      const handle = handlers[name as CsiMethod] as Handler | undefined;
      if (handle !== undefined) served[name] = unary(handle);
    }
    server.addService(service, served);
  }
  return listen(server, socketPath);
}

/** Tells the kubelet, which finds `socketPath` in its folder of plugins, where a plugin is and what became of that. */
export async function serveRegistration(
  socketPath: string,
  info: PluginInfo,
  onStatus: (status: RegistrationStatus) => void,
): Promise<CsiServer> {
  const server = new Server();
  server.addService(csiServices().registration, {
    GetInfo: unary(() => info),
    NotifyRegistrationStatus: unary((request) => {
      onStatus(request as RegistrationStatus);
      return {};
    }),
  });
  return listen(server, socketPath);
}

function unary(handle: Handler) {
  return (call: ServerUnaryCall<object, object>, done: sendUnaryData<object>): void => void answer(handle, call, done);
}

async function answer(
  handle: Handler,
  call: ServerUnaryCall<object, object>,
  done: sendUnaryData<object>,
): Promise<void> {
  try {
    done(null, (await handle(call.request)) as object);
  } catch (error) {
    const { code, detail } = error instanceof CsiError ? error : new CsiError("INTERNAL", String(error));
    done({ code: codeOf(code), details: detail });
  }
}

const codeOf = (code: CsiCode): status => status[code];

async function listen(server: Server, socketPath: string): Promise<CsiServer> {
  mkdirSync(dirname(socketPath), { recursive: true });
  rmSync(socketPath, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix://${socketPath}`, ServerCredentials.createInsecure(), (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.tryShutdown(() => resolve());
      }),
  };
}
