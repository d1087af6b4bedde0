import { useEffect, useRef } from "preact/hooks";

/** Does `work` again and again, `pause_s()` after it has ended, and only while somebody can see the page; `on` starts it anew. */
export function useRepeated(work: (signal: AbortSignal) => Promise<void>, pause_s: () => number, on: unknown[]): void {
  const latest = useRef({ work, pause_s });
  latest.current = { work, pause_s };
  useEffect(() => {
    const control = new AbortController();
    const { signal } = control;
    (async () => {
      while (!signal.aborted) {
        await latest.current.work(signal);
        await slept(latest.current.pause_s(), signal);
        await seen(signal);
      }
    })();
    return () => control.abort();
  }, on);
}

export function slept(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}

/** Comes when somebody can see the page: a browser has six connections to a host, and tabs that nobody sees shall keep none. */
export function seen(signal: AbortSignal): Promise<void> {
  if (document.visibilityState === "visible" || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const look = () => {
      if (document.visibilityState === "hidden" && !signal.aborted) return;
      document.removeEventListener("visibilitychange", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
    signal.addEventListener("abort", look, { once: true });
  });
}
