import type { KubeObject } from "../../shared/resources/resource.ts";

/**
 * The object with a finalizer that keeps it while it is in use: added while it lives, taken away when it is being
 * deleted and nobody uses it. Nothing when it is as it should be.
 */
export function planProtection<T extends KubeObject>(object: T, finalizer: string, isUnused: boolean): [] | [T] {
  const { finalizers = [], deletionTimestamp } = object.metadata;
  const isDeleted = deletionTimestamp !== undefined;
  if (finalizers.includes(finalizer)) {
    if (!isDeleted || !isUnused) return [];
    return [
      withFinalizers(
        object,
        finalizers.filter((name) => name !== finalizer),
      ),
    ];
  }
  return isDeleted ? [] : [withFinalizers(object, [...finalizers, finalizer])];
}

const withFinalizers = <T extends KubeObject>(object: T, finalizers: string[]): T => ({
  ...object,
  metadata: { ...object.metadata, finalizers },
});
