/** Upstream: `pkg/controller/endpointslice`. */
import { endpointSlices, pods, services } from "../../../shared/resources/catalog.ts";
import { defineController, ownedBy } from "../../runtime/define-controller.ts";
import { servicesOf } from "../../services/service-pods.ts";
import { planEndpointSlices } from "./plan.ts";

export const endpointSliceController = defineController({
  name: "endpointslice-controller",
  queueName: "endpoint_slice",
  eventSource: "endpoint-slice-controller",
  reconciles: services,
  reads: { pods, endpointSlices },
  writes: { endpointSlices },
  triggers: [ownedBy("endpointSlices"), { on: "pods", keys: (pod, { self }) => servicesOf(pod, self) }],
  writesStatus: false,
  reconcile: planEndpointSlices,
});
