/** What all conditions of the API have in common. */
export interface ConditionLike {
  type: string;
  status: string;
  reason?: string | undefined;
  message?: string | undefined;
  lastTransitionTime?: string | undefined;
}

/** The condition of that type, if there is one. */
export function findCondition<C extends ConditionLike>(list: readonly C[] | undefined, type: string): C | undefined {
  return list?.find((condition) => condition.type === type);
}

/** True when the condition of that type is there with status `True`. */
export function isConditionTrue(list: readonly ConditionLike[] | undefined, type: string): boolean {
  return findCondition(list, type)?.status === "True";
}

/**
 * The list with `condition` in place of the one of its type, or at the end. The transition time of the old one is
 * kept when the status stays the same (apimachinery `meta.SetStatusCondition`).
 */
export function setCondition<C extends ConditionLike>(list: readonly C[] | undefined, condition: C): C[] {
  const present = findCondition(list, condition.type);
  if (present === undefined) return [...(list ?? []), condition];
  const isSameStatus = present.status === condition.status;
  const next = isSameStatus ? { ...condition, lastTransitionTime: present.lastTransitionTime } : condition;
  return (list ?? []).map((each) => (each === present ? next : each));
}

/** The list without the condition of that type. */
export function removeCondition<C extends ConditionLike>(list: readonly C[] | undefined, type: string): C[] {
  return (list ?? []).filter((condition) => condition.type !== type);
}
