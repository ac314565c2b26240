/** What PersistentVolumes and claims to them show in the same way. */
const SHORT_MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
};

/** `RWO,ROX`, in the order of the table above. */
export function accessModesText(modes: readonly string[] | undefined): string {
  return Object.entries(SHORT_MODES)
    .flatMap(([mode, short]) => (modes?.includes(mode) === true ? [short] : []))
    .join(",");
}

export const ACCESS_MODES = Object.keys(SHORT_MODES);

export const orUnset = (text: string | undefined): string => (text === undefined || text === "" ? "<unset>" : text);

export const BETA_CLASS = "volume.beta.kubernetes.io/storage-class";

/** The class by the annotation that named it before there was a field. */
export function storageClassOf({
  metadata,
  spec,
}: {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> | undefined };
  readonly spec: { readonly storageClassName?: string | undefined };
}): string {
  return metadata.annotations?.[BETA_CLASS] ?? spec.storageClassName ?? "";
}
