/** Shapes of `csi-v1.proto` as the loader hands them over: camel case, enums as names, missing fields defaulted. */

export type StringMap = Readonly<Record<string, string>>;

export type AccessModeName =
  | "UNKNOWN"
  | "SINGLE_NODE_WRITER"
  | "SINGLE_NODE_READER_ONLY"
  | "MULTI_NODE_READER_ONLY"
  | "MULTI_NODE_SINGLE_WRITER"
  | "MULTI_NODE_MULTI_WRITER"
  | "SINGLE_NODE_SINGLE_WRITER"
  | "SINGLE_NODE_MULTI_WRITER";

/** Exactly one of `block` and `mount` is there. */
export interface VolumeCapability {
  readonly block?: object | undefined;
  readonly mount?:
    | {
        readonly fsType?: string | undefined;
        readonly mountFlags?: readonly string[] | undefined;
        readonly volumeMountGroup?: string | undefined;
      }
    | undefined;
  readonly accessMode: { readonly mode: AccessModeName } | null;
}

export interface CapacityRange {
  readonly requiredBytes: number;
  readonly limitBytes: number;
}

export interface Topology {
  readonly segments: StringMap;
}

export interface Volume {
  readonly capacityBytes: number;
  readonly volumeId: string;
  readonly volumeContext: StringMap;
  readonly accessibleTopology: readonly Topology[];
}

export interface VolumeUsage {
  readonly available: number;
  readonly total: number;
  readonly used: number;
  readonly unit: "UNKNOWN" | "BYTES" | "INODES";
}

/** Request and answer of each call. */
export interface CsiCalls {
  readonly GetPluginInfo: Call<object, { readonly name: string; readonly vendorVersion: string }>;
  readonly GetPluginCapabilities: Call<
    object,
    {
      readonly capabilities: readonly {
        readonly service?: { readonly type: string } | undefined;
        readonly volumeExpansion?: { readonly type: string } | undefined;
      }[];
    }
  >;
  readonly Probe: Call<object, { readonly ready: { readonly value: boolean } | null }>;
  readonly CreateVolume: Call<
    {
      readonly name: string;
      readonly capacityRange: CapacityRange | null;
      readonly volumeCapabilities: readonly VolumeCapability[];
      readonly parameters: StringMap;
      readonly secrets?: StringMap | undefined;
      readonly volumeContentSource?: object | null | undefined;
      readonly accessibilityRequirements: {
        readonly requisite: readonly Topology[];
        readonly preferred: readonly Topology[];
      } | null;
    },
    { readonly volume: Volume | null }
  >;
  readonly DeleteVolume: Call<{ readonly volumeId: string; readonly secrets?: StringMap | undefined }, object>;
  readonly ControllerPublishVolume: Call<
    {
      readonly volumeId: string;
      readonly nodeId: string;
      readonly volumeCapability: VolumeCapability | null;
      readonly readonly: boolean;
      readonly secrets?: StringMap | undefined;
      readonly volumeContext: StringMap;
    },
    { readonly publishContext: StringMap }
  >;
  readonly ControllerUnpublishVolume: Call<
    { readonly volumeId: string; readonly nodeId: string; readonly secrets?: StringMap | undefined },
    object
  >;
  readonly ValidateVolumeCapabilities: Call<
    {
      readonly volumeId: string;
      readonly volumeContext: StringMap;
      readonly volumeCapabilities: readonly VolumeCapability[];
      readonly parameters: StringMap;
    },
    { readonly confirmed: object | null; readonly message: string }
  >;
  readonly ListVolumes: Call<
    { readonly maxEntries: number; readonly startingToken: string },
    { readonly entries: readonly { readonly volume: Volume | null }[]; readonly nextToken: string }
  >;
  readonly GetCapacity: Call<object, { readonly availableCapacity: number }>;
  readonly ControllerGetCapabilities: Call<object, Capabilities>;
  readonly ControllerExpandVolume: Call<
    {
      readonly volumeId: string;
      readonly capacityRange: CapacityRange | null;
      readonly secrets?: StringMap | undefined;
      readonly volumeCapability?: VolumeCapability | null | undefined;
    },
    { readonly capacityBytes: number; readonly nodeExpansionRequired: boolean }
  >;
  readonly NodeStageVolume: Call<
    {
      readonly volumeId: string;
      readonly publishContext: StringMap;
      readonly stagingTargetPath: string;
      readonly volumeCapability: VolumeCapability | null;
      readonly secrets?: StringMap | undefined;
      readonly volumeContext: StringMap;
    },
    object
  >;
  readonly NodeUnstageVolume: Call<{ readonly volumeId: string; readonly stagingTargetPath: string }, object>;
  readonly NodePublishVolume: Call<
    {
      readonly volumeId: string;
      readonly publishContext: StringMap;
      readonly stagingTargetPath: string;
      readonly targetPath: string;
      readonly volumeCapability: VolumeCapability | null;
      readonly readonly: boolean;
      readonly secrets?: StringMap | undefined;
      readonly volumeContext: StringMap;
    },
    object
  >;
  readonly NodeUnpublishVolume: Call<{ readonly volumeId: string; readonly targetPath: string }, object>;
  readonly NodeGetVolumeStats: Call<
    { readonly volumeId: string; readonly volumePath: string; readonly stagingTargetPath?: string | undefined },
    {
      readonly usage: readonly VolumeUsage[];
      readonly volumeCondition?: { readonly abnormal: boolean; readonly message: string } | null | undefined;
    }
  >;
  readonly NodeExpandVolume: Call<
    {
      readonly volumeId: string;
      readonly volumePath: string;
      readonly capacityRange: CapacityRange | null;
      readonly stagingTargetPath?: string | undefined;
      readonly volumeCapability?: VolumeCapability | null | undefined;
      readonly secrets?: StringMap | undefined;
    },
    { readonly capacityBytes: number }
  >;
  readonly NodeGetCapabilities: Call<object, Capabilities>;
  readonly NodeGetInfo: Call<
    object,
    {
      readonly nodeId: string;
      /** 0: as many as the node likes. */
      readonly maxVolumesPerNode: number;
      readonly accessibleTopology: Topology | null;
    }
  >;
}

interface Call<Request, Response> {
  readonly request: Request;
  readonly response: Response;
}

interface Capabilities {
  readonly capabilities: readonly { readonly rpc?: { readonly type: string } | undefined }[];
}

export type CsiMethod = keyof CsiCalls;
export type CsiRequest<M extends CsiMethod> = CsiCalls[M]["request"];
export type CsiResponse<M extends CsiMethod> = CsiCalls[M]["response"];

/** What a plugin says of itself to the kubelet, and what it is told. */
export interface PluginInfo {
  readonly type: string;
  readonly name: string;
  /** Socket of the service itself; the registration's own when empty. */
  readonly endpoint: string;
  readonly supportedVersions: readonly string[];
}

export interface RegistrationStatus {
  readonly pluginRegistered: boolean;
  readonly error: string;
}
