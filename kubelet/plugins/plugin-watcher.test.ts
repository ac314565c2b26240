import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CsiServer, serveRegistration } from "../../shared/csi/csi-server.ts";
import { systemClock } from "../../shared/process/clock.ts";
import { silentLogger } from "../../shared/process/logger.ts";
import { until } from "../../test/support/until.ts";
import { PluginWatcher } from "./plugin-watcher.ts";

let folder: string;
let events: string[];
let told: object[];
let servers: CsiServer[];
let stopping: AbortController;
let running: Promise<void>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "plugins-"));
  [events, told, servers] = [[], [], []];
  stopping = new AbortController();
  const register = async ({ name, endpoint }: { name: string; endpoint: string }): Promise<void> => {
    events.push(`+${name} ${endpoint}`);
    if (name === "bad") throw new Error("not this one");
  };
  const handler = { type: "DevicePlugin", register, deregister: (name: string) => void events.push(`-${name}`) };
  const watcher = new PluginWatcher({ folder, clock: systemClock, logger: silentLogger, handlers: [handler] });
  running = watcher.run(stopping.signal);
});
afterEach(async () => {
  stopping.abort();
  await running;
  await Promise.all(servers.map((server) => server.close()));
  rmSync(folder, { recursive: true });
});

async function plugin(name: string, more: { type?: string; endpoint?: string; at?: string } = {}): Promise<string> {
  const socket = join(folder, more.at ?? `${name}.sock`);
  const info = { type: "DevicePlugin", name, endpoint: "/run/it.sock", supportedVersions: ["v1"], ...more };
  servers.push(await serveRegistration(socket, info, (status) => told.push(status)));
  return socket;
}

it("registers sockets that come, also in folders, and deregisters those that go", async () => {
  const socket = await plugin("gpu");
  await plugin("deep", { at: "vendor/deep.sock", endpoint: "" });
  await until(() => events.length === 2);
  expect(events.toSorted()).toEqual([`+deep ${join(folder, "vendor/deep.sock")}`, "+gpu /run/it.sock"]);
  await until(() => told.length === 2);
  expect(told[0]).toEqual({ pluginRegistered: true, error: "" });
  rmSync(socket);
  await until(() => events.includes("-gpu"));
});

it("takes a socket that was made anew for a new plugin", async () => {
  const socket = await plugin("gpu");
  await until(() => events.length === 1);
  rmSync(socket);
  await plugin("gpu");
  await until(() => events.length === 3);
  expect(events).toEqual(["+gpu /run/it.sock", "-gpu", "+gpu /run/it.sock"]);
});

it("tells a plugin why it is not taken, and asks again", async () => {
  await plugin("bad");
  await until(() => told.length >= 2);
  expect(told[0]).toEqual({
    pluginRegistered: false,
    error: "RegisterPlugin error -- plugin registration failed with err: not this one",
  });
  expect(events.slice(0, 2)).toEqual(["+bad /run/it.sock", "+bad /run/it.sock"]);
  await plugin("odd", { type: "Teapot" });
  const error = `RegisterPlugin error -- no handler registered for plugin type: Teapot at socket ${join(folder, "odd.sock")}`;
  await until(() => told.some((status) => JSON.stringify(status).includes(error)));
});

it("does not keep a plugin waiting for one that does not answer", async () => {
  const sockets: Socket[] = [];
  const deaf = createServer((socket) => sockets.push(socket)).listen(join(folder, "deaf.sock"));
  await new Promise((resolve) => deaf.once("listening", resolve));
  await plugin("gpu");
  await until(() => events.length === 1, 2000);
  expect(events).toEqual(["+gpu /run/it.sock"]);
  await new Promise((resolve) => {
    deaf.close(resolve);
    for (const socket of sockets) socket.destroy();
  });
});

it("leaves alone what is no socket, hidden, or deaf", async () => {
  writeFileSync(join(folder, "file.sock"), "");
  mkdirSync(join(folder, "folder.sock"));
  await plugin("hidden", { at: ".hidden.sock" });
  await plugin("seen");
  await until(() => events.length === 1);
  expect(events).toEqual(["+seen /run/it.sock"]);
});
