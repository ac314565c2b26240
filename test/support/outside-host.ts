import { runCommand, mustRun } from "../../cli/machine/command.ts";

/** A network namespace that reaches this machine over a veth pair only: another host, as seen by Services. */
export interface OutsideHost {
  /** This machine's address on the link. */
  readonly gateway: string;
  /** Runs curl there; resolves to the body, rejects when it fails. */
  curl(url: string): Promise<string>;
  remove(): Promise<void>;
}

const NAME = "kn-outside";
const [NEAR, FAR] = ["kn-out-near", "kn-out-far"];
const [GATEWAY, ADDRESS] = ["198.51.100.1", "198.51.100.2"];

export async function createOutsideHost(): Promise<OutsideHost> {
  const remove = async (): Promise<void> => {
    await runCommand("ip", ["link", "del", NEAR]);
    await runCommand("ip", ["netns", "del", NAME]);
  };
  await remove();
  await mustRun("ip", ["netns", "add", NAME]);
  await mustRun("ip", ["link", "add", NEAR, "type", "veth", "peer", "name", FAR, "netns", NAME]);
  await mustRun("ip", ["-batch", "-"], { input: `addr add ${GATEWAY}/30 dev ${NEAR}\nlink set ${NEAR} up\n` });
  await mustRun("ip", ["-n", NAME, "-batch", "-"], {
    input: `link set lo up\naddr add ${ADDRESS}/30 dev ${FAR}\nlink set ${FAR} up\nroute add default via ${GATEWAY}\n`,
  });
  return {
    gateway: GATEWAY,
    curl: (url) => mustRun("nsenter", [`--net=/run/netns/${NAME}`, "curl", "-sS", "--fail", "--max-time", "5", url]),
    remove,
  };
}
