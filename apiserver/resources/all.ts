/** Every resource that is served, in the order of the API reference (D7). Nothing else switches a resource on. */
import type { AnyStrategy } from "../registry/strategy.ts";
import { deploymentStrategy } from "./apps/deployment.ts";
import { replicaSetStrategy } from "./apps/replica-set.ts";
import { leaseStrategy } from "./coordination/lease.ts";
import { configMapStrategy } from "./core/config-map.ts";
import { eventStrategy } from "./core/event.ts";
import { namespaceStrategy } from "./core/namespace.ts";
import { nodeStrategy } from "./core/node.ts";
import { podStrategy } from "./core/pod.ts";
import { secretStrategy } from "./core/secret.ts";
import { serviceAccountStrategy } from "./core/service-account.ts";
import { serviceStrategy } from "./core/service.ts";
import { endpointSliceStrategy } from "./discovery/endpoint-slice.ts";
import { eventsV1EventStrategy } from "./events/event.ts";

export const builtInStrategies: readonly AnyStrategy[] = [
  configMapStrategy,
  eventStrategy,
  namespaceStrategy,
  podStrategy,
  secretStrategy,
  serviceAccountStrategy,
  serviceStrategy,
  nodeStrategy,
  deploymentStrategy,
  replicaSetStrategy,
  leaseStrategy,
  endpointSliceStrategy,
  eventsV1EventStrategy,
];
