import { mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aPod } from "../../test/support/pod-builders.ts";
import { checkHostPath, hostPathPlugin } from "./host-path.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "kubelet-host-path-"));
});
afterEach(() => rmSync(root, { recursive: true }));

it("makes what it may make", async () => {
  await checkHostPath(join(root, "made/deep"), "DirectoryOrCreate");
  await checkHostPath(join(root, "file"), "FileOrCreate");
  expect(statSync(join(root, "made/deep")).mode & 0o777).toBe(0o755);
  expect(statSync(join(root, "file")).mode & 0o777).toBe(0o644);
  await checkHostPath(join(root, "none"), undefined);
  await checkHostPath(join(root, "none"), "");
});

it.each([
  ["/", "Directory", undefined],
  ["/dev/null", "CharDevice", undefined],
  ["/dev/null", "File", "hostPath type check failed: /dev/null is not a file, it's a CharDevice"],
  ["/", "File", "hostPath type check failed: / is not a file, it's a Directory"],
  ["/", "FileOrCreate", "hostPath type check failed: / is not a file, it's a Directory"],
  ["/proc/version", "Socket", "hostPath type check failed: /proc/version is not a socket file, it's a File"],
  ["/proc/version", "BlockDevice", "hostPath type check failed: /proc/version is not a block device, it's a File"],
  ["/proc/version/x", "Directory", "hostPath /proc/version/x doesn't exist"],
  ["/nothing", "Socket", "hostPath /nothing doesn't exist"],
  ["/", "Folder", "Folder is an invalid volume type"],
])("%s as %s: %s", async (path, type, message) => {
  const check = checkHostPath(path, type);
  await (message === undefined ? check : expect(check).rejects.toThrow(message));
});

it("knows a socket, and follows links to what they lead to", async () => {
  const path = join(root, "socket");
  const server = createServer().listen(path);
  await new Promise((resolve) => server.once("listening", resolve));
  symlinkSync(path, join(root, "link"));
  await checkHostPath(path, "Socket");
  await checkHostPath(join(root, "link"), "Socket");
  await expect(checkHostPath(path, "DirectoryOrCreate")).rejects.toThrow("is not a directory, it's a Socket");
  server.close();
});

it("does not take a path that goes up", async () => {
  const volume = { name: "v", hostPath: { path: "/tmp/../etc" } };
  const spec = { volume, name: "v", isReadOnly: false, mode: "Filesystem" as const };
  const request = { pod: aPod(), spec, directory: join(root, "v"), isMounted: false };
  await expect(hostPathPlugin.setUp(request)).rejects.toThrow("must not contain '..'");
});
