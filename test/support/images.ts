/** Container images for tests, built on the spot from Debian's static busybox: nothing is pulled. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ImageContents, ociArchive } from "../../cli/image/oci-archive.ts";
import { imageArchitecture } from "../../cli/image/pause-image.ts";
import type { TarEntry } from "../../cli/image/tar.ts";

const BUSYBOX = "/bin/busybox";

function busyboxFiles(): TarEntry[] {
  const applets = execFileSync(BUSYBOX, ["--list"], { encoding: "utf8" }).trim().split("\n");
  const folder = (path: string, mode = 0o755): TarEntry => ({ path, mode });
  const text = (path: string, content: string): TarEntry => ({ path, mode: 0o644, content: Buffer.from(content) });
  return [
    folder("bin/"),
    { path: "bin/busybox", mode: 0o755, content: readFileSync(BUSYBOX) },
    ...applets
      .filter((applet) => applet !== "busybox")
      .map((applet) => ({ path: `bin/${applet}`, mode: 0o777, linkTo: "/bin/busybox" })),
    folder("etc/"),
    text("etc/passwd", "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"),
    text("etc/group", "root:x:0:\nnogroup:x:65534:\n"),
    folder("www/", 0o777),
    folder("tmp/", 0o1777),
  ];
}

/** Everything of busybox, and a shell that sleeps: for commands of one's own and for `exec`. */
export const TOOLBOX_IMAGE = "kubernode.test/toolbox:1";

/** Answers GET / on port 8080 with its version and its pod's name; ends at once at SIGTERM. */
export const webImage = (version: number): string => `kubernode.test/web:${version}`;

const WEB_SCRIPT = [
  "trap 'exit 0' TERM INT",
  'echo "v$VERSION $(hostname)" > /www/index.html',
  "httpd -f -p 8080 -h /www &",
  "wait",
].join("\n");

const PATH = "PATH=/bin";

/** The toolbox with something of its own. */
export function toolboxWith(more: Partial<ImageContents> = {}): ImageContents {
  return { ...toolbox(), ...more };
}

function toolbox(): ImageContents {
  return {
    reference: TOOLBOX_IMAGE,
    architecture: imageArchitecture(),
    files: busyboxFiles(),
    command: ["sh", "-c", "trap 'exit 0' TERM INT; sleep 2147483647 & wait"],
    env: [PATH],
  };
}

function web(version: number): ImageContents {
  return {
    reference: webImage(version),
    architecture: imageArchitecture(),
    files: busyboxFiles(),
    command: ["sh", "-c", WEB_SCRIPT],
    env: [PATH, `VERSION=${version}`],
    exposedPorts: ["8080/tcp"],
  };
}

/** Archives of all test images as files; `use` gets their paths, and they are removed after it. */
export async function withTestImages<T>(use: (paths: readonly string[]) => Promise<T> | T): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "kubernode-images-"));
  try {
    const paths = [toolbox(), web(1), web(2)].map((image, index) => {
      const path = join(folder, `${index}.tar`);
      writeFileSync(path, ociArchive(image));
      return path;
    });
    return await use(paths);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
