export const DRIVER_NAME = "hostpath.csi.kubernode.io";

/** Label of nodes, with the node's own name as its value: a volume is where it was made. */
export const topologyKeyOf = (driverName: string): string => `topology.${driverName}/node`;
