/** The node's part of the pod network: configured as soon as the node's pod range is known, and when it changes. */
import { join } from "node:path";
import type { Logger } from "../../shared/process/logger.ts";
import type { KubeletOptions } from "../options.ts";
import { writeCniConfig } from "./cni-config.ts";
import { ensureMasquerade } from "./masquerade.ts";

export interface NodeNetwork {
  /** Does nothing while `podCidrs` is empty or as it was. */
  configure(podCidrs: readonly string[]): void;
}

export function nodeNetwork(options: KubeletOptions, logger: Logger): NodeNetwork {
  let configured = "";
  return {
    configure: (podCidrs) => {
      const [podCidr] = podCidrs;
      if (options.cniConfDir === "" || podCidr === undefined || podCidrs.join() === configured) return;
      configured = podCidrs.join();
      writeCniConfig(options.cniConfDir, {
        bridge: options.cniBridge,
        podCidrs,
        dataDir: join(options.rootDir, "cni-ipam"),
      });
      logger.info({ podCidrs, bridge: options.cniBridge }, "wrote the network configuration");
      const clusterCidr = options.clusterCidr === "" ? undefined : options.clusterCidr;
      ensureMasquerade({ bridge: options.cniBridge, podCidr, clusterCidr }).catch((err: unknown) => {
        // Pods still reach each other: no reason to stop.
        logger.warn({ err }, "could not hide pod traffic that leaves the cluster");
      });
    },
  };
}
