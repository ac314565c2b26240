import type { PodTemplate } from "../../../shared/api/generated/core/v1.ts";
import { podTemplates } from "../../../shared/resources/catalog.ts";
import { serve } from "../../registry/strategy.ts";
import { labelsText, nameColumn, textColumn } from "../../tables/columns.ts";
import { defaultTemplate } from "../apps/workload.ts";
import { validatePodTemplate } from "../pod-spec/validate.ts";
import { podTemplateWarnings } from "../pod-spec/warnings.ts";

export const podTemplateStrategy = serve<PodTemplate>({
  resource: podTemplates,
  storagePrefix: "podtemplates",
  hasGeneration: true,
  generationOf: ({ template }) => template,
  defaults: (podTemplate) => {
    podTemplate.template ??= {};
    defaultTemplate(podTemplate.template);
  },
  validate: ({ template }) => validatePodTemplate(template ?? {}, "template"),
  warnings: (next, previous) => {
    const isSame = previous !== undefined && next.metadata.generation === previous.metadata.generation;
    return isSame ? [] : podTemplateWarnings(next.template ?? {}, "template");
  },
  columns: [
    nameColumn,
    textColumn("Containers", "Names of the containers of the template.", ({ template }) =>
      (template?.spec?.containers ?? []).map(({ name }) => name).join(","),
    ),
    textColumn("Images", "Images of the containers of the template.", ({ template }) =>
      (template?.spec?.containers ?? []).map(({ image }) => image ?? "").join(","),
    ),
    textColumn("Pod Labels", "Labels of the template.", ({ template }) => labelsText(template?.metadata?.labels)),
  ],
  example: {
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "web", image: "registry.example/web:1" }] },
    },
  },
});
