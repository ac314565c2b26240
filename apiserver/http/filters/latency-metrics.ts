import { type Filter } from "../filter.ts";

/** Counts and measures every request by what it asked for and how it ended. */
export const withLatencyMetrics: Filter =
  (next, { clock, metrics }) =>
  async (state) => {
    const startMs = clock.monotonicMs();
    const finish = metrics.started(state);
    try {
      await next(state);
    } finally {
      finish((clock.monotonicMs() - startMs) / 1000);
    }
  };
