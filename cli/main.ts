/** The `kubernode` command. Each command is one file in `commands/`, loaded when it is called. */
import { join } from "node:path";
import { Command } from "commander";
import { GIT_VERSION } from "../shared/process/version.ts";
import { DEFAULT_CLUSTER_NAME } from "./cluster/cluster.ts";
import type { DownOptions } from "./commands/down.ts";
import type { ImageLoadOptions } from "./commands/image-load.ts";
import type { StatusOptions } from "./commands/status.ts";
import type { UpOptions } from "./commands/up.ts";
import { UserError } from "./user-error.ts";

const SOURCE_ROOT = join(import.meta.dirname, "..");

const program = new Command("kubernode")
  .description("Kubernetes on this machine: one command up, one command down.")
  .version(GIT_VERSION)
  .showHelpAfterError()
  .configureHelp({ showGlobalOptions: true });

const named = (command: Command): Command =>
  command.option("--name <name>", "name of the cluster", DEFAULT_CLUSTER_NAME);

named(program.command("up"))
  .description("start a cluster, and set this machine up for it")
  .option("--detach", "return when the cluster is ready, and leave it running")
  .option("--store <store>", "where its objects lie: sqlite or etcd (default: sqlite)")
  .option("--etcd-servers <urls>", "an etcd that runs already, instead of one of its own")
  .option("--nodes <count>", "number of nodes", "1")
  .option("--data-dir <dir>", "folder for its data (default: /var/lib/kubernode/NAME)")
  .option("--port <port>", "port of the API server (default: 6443, then 6543, 6643, …)")
  .option("--runtime <runtime>", "what runs the containers: containerd or docker (default: containerd)")
  .option("--no-install", "install nothing: say what is missing instead")
  .action(async (options: UpOptions) => {
    const { up } = await import("./commands/up.ts");
    await up(options, SOURCE_ROOT);
  });

named(program.command("down"))
  .description("stop a cluster; its data stays unless --purge is given")
  .option("--purge", "also remove data, kubeconfig entry, links, rules and cgroups")
  .action(async (options: DownOptions) => {
    const { down } = await import("./commands/down.ts");
    await down(options);
  });

named(program.command("status"))
  .description("show a cluster's components; exit code 1 while it is not ready")
  .option("-o, --output <format>", "json instead of a table")
  .action(async (options: StatusOptions) => {
    const { status } = await import("./commands/status.ts");
    await status(options);
  });

named(program.command("kubeconfig"))
  .description("print a kubeconfig for a cluster")
  .action(async (options: { name: string }) => {
    const { kubeconfig } = await import("./commands/kubeconfig.ts");
    kubeconfig(options);
  });

named(program.command("image").description("images on the nodes").command("load <file>"))
  .description("import an OCI or Docker archive (a tar file) into every node")
  .option("--nodes <nodes>", "which nodes: all or a name", "all")
  .action(async (file: string, options: ImageLoadOptions) => {
    const { imageLoad } = await import("./commands/image-load.ts");
    await imageLoad(file, options);
  });

try {
  await program.parseAsync();
} catch (err) {
  if (!(err instanceof UserError)) throw err;
  process.stderr.write(`\nError: ${err.message}\n${err.fix === undefined ? "" : `Fix: ${err.fix}\n`}`);
  process.exitCode = 1;
}
