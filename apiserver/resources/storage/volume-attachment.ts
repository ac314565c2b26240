import type {
  VolumeAttachment,
  VolumeAttachmentSource,
  VolumeError,
} from "../../../shared/api/generated/storage/v1.ts";
import type { FieldError } from "../../../shared/errors/status-error.ts";
import { volumeAttachments } from "../../../shared/resources/catalog.ts";
import { keepMetadataForStatus } from "../../registry/object-meta.ts";
import { serve } from "../../registry/strategy.ts";
import { ageColumn, flagColumn, nameColumn, textColumn } from "../../tables/columns.ts";
import { inclusiveRange } from "../../validation/error-list.ts";
import { forbiddenField, invalidFor, invalidValue, required, tooLong } from "../../validation/field-errors.ts";
import { dnsSubdomainProblems } from "../../validation/names.ts";
import { immutable } from "../../validation/object-meta.ts";
import { driverNameErrors } from "./driver-name.ts";

const METADATA_BYTES_MAX = 256 * 1024;
const MESSAGE_BYTES_MAX = 1024;
const INT32_MAX = 2 ** 31 - 1;

export const volumeAttachmentStrategy = serve<VolumeAttachment>({
  resource: volumeAttachments,
  storagePrefix: "volumeattachments",
  allowUnconditionalUpdate: false,
  prepareForCreate: (attachment) => {
    attachment.status = { attached: false };
  },
  prepareForUpdate: (next, previous) => {
    next.status = previous.status;
  },
  status: {
    prepareForUpdate: (next, previous) => {
      next.spec = previous.spec;
      keepMetadataForStatus(next, previous);
    },
    validateUpdate: (next) => attachmentErrors(next),
  },
  validate: attachmentErrors,
  validateUpdate: (next, previous) => immutable(next.spec, previous.spec, "spec"),
  columns: [
    nameColumn,
    {
      ...textColumn<VolumeAttachment>("Attacher", "Driver that attaches it.", ({ spec }) => spec.attacher),
      format: "name",
    },
    textColumn("PV", "Volume that is attached.", ({ spec }) => spec.source.persistentVolumeName ?? ""),
    textColumn("Node", "Where it is attached.", ({ spec }) => spec.nodeName),
    flagColumn("Attached", "Whether it is attached.", ({ status }) => status?.attached ?? false),
    ageColumn,
  ],
  example: {
    spec: { attacher: "disk.example.com", nodeName: "node-1", source: { persistentVolumeName: "volume-1" } },
  },
});

function attachmentErrors({ spec, status }: VolumeAttachment): FieldError[] {
  const { attacher, nodeName, source } = spec;
  const metadata = Object.entries(status?.attachmentMetadata ?? {});
  const bytes = metadata.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  return [
    ...(attacher === "" ? [required("spec.attacher")] : driverNameErrors(attacher, "spec.attacher")),
    ...sourceErrors(source),
    ...invalidFor("spec.nodeName", nodeName, dnsSubdomainProblems(nodeName)),
    ...(bytes > METADATA_BYTES_MAX ? [tooLong("status.attachmentMetadata", METADATA_BYTES_MAX)] : []),
    ...volumeErrorErrors(status?.attachError, "status.attachError"),
    ...volumeErrorErrors(status?.detachError, "status.detachError"),
  ];
}

function sourceErrors({ inlineVolumeSpec, persistentVolumeName: name }: VolumeAttachmentSource): FieldError[] {
  const field = "spec.source";
  const exactlyOne = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
  if (inlineVolumeSpec === undefined && name === undefined) return [required(field, exactlyOne)];
  if (inlineVolumeSpec !== undefined && name !== undefined) return [forbiddenField(field, exactlyOne)];
  if (name === undefined) return [];
  const problems = invalidFor(`${field}.persistentVolumeName`, name, dnsSubdomainProblems(name));
  return name === ""
    ? [required(`${field}.persistentVolumeName`, "must specify non empty persistentVolumeName"), ...problems]
    : problems;
}

function volumeErrorErrors(error: VolumeError | undefined, field: string): FieldError[] {
  const { message = "", errorCode } = error ?? {};
  return [
    ...(Buffer.byteLength(message) > MESSAGE_BYTES_MAX ? [tooLong(`${field}.message`, METADATA_BYTES_MAX)] : []),
    ...(errorCode !== undefined && errorCode < 0
      ? [invalidValue(`${field}.errorCode`, errorCode, inclusiveRange(0, INT32_MAX))]
      : []),
  ];
}
