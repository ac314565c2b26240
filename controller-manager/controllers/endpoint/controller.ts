/** Upstream: `pkg/controller/endpoint`. */
import { endpoints, pods, services } from "../../../shared/resources/catalog.ts";
import { objectKey } from "../../../shared/resources/resource.ts";
import { defineController } from "../../runtime/define-controller.ts";
import { servicesOf } from "../../services/service-pods.ts";
import { planEndpoints, planEndpointsOfGone } from "./plan.ts";

export const endpointsController = defineController({
  name: "endpoint-controller",
  queueName: "endpoint",
  reconciles: services,
  reads: { pods, endpoints },
  writes: { endpoints },
  triggers: [
    { on: "pods", keys: (pod, { self }) => servicesOf(pod, self) },
    { on: "endpoints", keys: (object) => [objectKey(object)] },
  ],
  writesStatus: false,
  reconcile: planEndpoints,
  reconcileGone: planEndpointsOfGone,
});
