import { useEffect, useRef } from "preact/hooks";

/** Seconds until something is done again; null: never. */
export type Pause = number | null;

export const AFTER_ERRORS_S = 2;

/** Does `work` again and again, as long after it has ended as it says, and only while somebody can see the page; `on` starts it anew. */
export function useRepeated(work: (signal: AbortSignal) => Promise<Pause>, on: unknown[]): void {
  const latest = useRef(work);
  latest.current = work;
  useEffect(() => {
    const control = new AbortController();
    const { signal } = control;
    (async () => {
      while (!signal.aborted) {
        const pause_s = await latest.current(signal);
        if (pause_s === null) return;
        await slept(pause_s, signal);
        await seen(signal);
      }
    })();
    return () => control.abort();
  }, on);
}

export function slept(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, seconds * 1000);
    signal.addEventListener("abort", end);
  });
}

/** Comes when somebody can see the page: a browser has six connections to a host, and tabs that nobody sees shall keep none. */
export function seen(signal: AbortSignal): Promise<void> {
  if (document.visibilityState === "visible" || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const look = () => {
      if (document.visibilityState === "hidden" && !signal.aborted) return;
      document.removeEventListener("visibilitychange", look);
      signal.removeEventListener("abort", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
    signal.addEventListener("abort", look);
  });
}
