import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Client, credentials, type MethodDefinition } from "@grpc/grpc-js";
import { systemClock } from "../process/clock.ts";
import { type CsiClient, openCsiClient } from "./csi-client.ts";
import { CsiError, isFinal } from "./csi-error.ts";
import { type CsiHandlers, type CsiServer, serveCsi, serveRegistration } from "./csi-server.ts";
import { csiServices } from "./csi-services.ts";
import type { RegistrationStatus } from "./csi-wire.ts";

let directory: string;
let server: CsiServer | undefined;
let client: CsiClient;

beforeEach(() => {
  directory = mkdtempSync("/tmp/csi-");
});
afterEach(async () => {
  client.close();
  await server?.close();
  server = undefined;
  rmSync(directory, { recursive: true });
});

const serve = async (handlers: CsiHandlers): Promise<void> => {
  const socket = join(directory, "deep/csi.sock");
  server = await serveCsi(socket, handlers);
  client = openCsiClient(`unix://${socket}`, systemClock);
};

it("carries every kind of field there and back", async () => {
  let seen: object | undefined;
  await serve({
    CreateVolume: (request) => {
      seen = request;
      return {
        volume: {
          volumeId: "v-1",
          capacityBytes: 2 ** 41,
          volumeContext: { a: "b" },
          accessibleTopology: [{ segments: { zone: "z" } }],
        },
      };
    },
  });
  const answer = await client.call("CreateVolume", {
    name: "pvc-1",
    capacityRange: { requiredBytes: 2 ** 40, limitBytes: 0 },
    volumeCapabilities: [{ mount: { fsType: "ext4" }, accessMode: { mode: "SINGLE_NODE_WRITER" } }],
    parameters: { type: "fast" },
    accessibilityRequirements: { requisite: [{ segments: { zone: "z" } }], preferred: [] },
  });
  expect(seen).toMatchObject({
    name: "pvc-1",
    capacityRange: { requiredBytes: 2 ** 40, limitBytes: 0 },
    volumeCapabilities: [{ mount: { fsType: "ext4", mountFlags: [] }, accessMode: { mode: "SINGLE_NODE_WRITER" } }],
    parameters: { type: "fast" },
    secrets: {},
    accessibilityRequirements: { requisite: [{ segments: { zone: "z" } }], preferred: [] },
  });
  expect(answer).toMatchObject({
    volume: { volumeId: "v-1", capacityBytes: 2 ** 41, accessibleTopology: [{ segments: { zone: "z" } }] },
  });
});

it.each<[string, () => never, string, boolean]>([
  [
    "a refusal",
    () => {
      throw new CsiError("OUT_OF_RANGE", "too large");
    },
    "rpc error: code = OutOfRange desc = too large",
    true,
  ],
  [
    "a call that another one holds up",
    () => {
      throw new CsiError("ABORTED", "busy");
    },
    "rpc error: code = Aborted desc = busy",
    false,
  ],
  [
    "a mistake of the driver",
    () => {
      throw new TypeError("oops");
    },
    "rpc error: code = Internal desc = TypeError: oops",
    true,
  ],
])("tells %s as Go's clients do", async (_, handler, message, final) => {
  await serve({ DeleteVolume: handler });
  const error = await client.call("DeleteVolume", { volumeId: "v" }).catch((err: unknown) => err);
  expect(error).toMatchObject({ message });
  expect(isFinal(error)).toBe(final);
});

it("says which calls a driver does not have, and when there is no driver", async () => {
  await serve({ Probe: () => ({ ready: { value: true } }) });
  expect(await client.call("Probe", {})).toEqual({ ready: { value: true } });
  await expect(client.call("NodeGetInfo", {})).rejects.toMatchObject({ code: "UNIMPLEMENTED" });
  client.close();
  client = openCsiClient(join(directory, "none.sock"), systemClock);
  await expect(client.call("Probe", {})).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

it("tells what a plugin is, and hears what became of it", async () => {
  const heard: RegistrationStatus[] = [];
  const socket = join(directory, "reg.sock");
  const info = { type: "CSIPlugin", name: "d.example.com", endpoint: "/run/d.sock", supportedVersions: ["1.0.0"] };
  server = await serveRegistration(socket, info, (status) => heard.push(status));
  client = openCsiClient(socket, systemClock);
  const raw = new Client(`unix://${socket}`, credentials.createInsecure());
  const call = (name: string, request: object): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const method = csiServices().registration[name] as MethodDefinition<object, object>;
      raw.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        (error, answer) => (error === null ? resolve(answer) : reject(error)),
      );
    });
  expect(await call("GetInfo", {})).toEqual(info);
  await call("NotifyRegistrationStatus", { pluginRegistered: false, error: "not you" });
  raw.close();
  expect(heard).toEqual([{ pluginRegistered: false, error: "not you" }]);
});
