import type { Filter } from "../filter.ts";

/** Nothing an apiserver answers may be cached, unless its handler says so. */
export const withCacheControl: Filter = (next) => (state) => {
  state.answerHeaders.push("Cache-Control", "no-cache, private");
  return next(state);
};
