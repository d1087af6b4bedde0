import { useEffect, useState } from "preact/hooks";
import { slept } from "../service/polling";
import { post, Refused, told } from "../service/requests";
import type { Check, Entry, Json } from "../service/types";

const PAUSE_S = 0.3; // since the last key was pressed

export interface Verdict {
  check: Check | null; // the last that was good
  entries: Entry[];
  problem: string;
  isCurrent: boolean; // whether it is about the request as it stands
}

const NONE: Verdict = { check: null, entries: [], problem: "", isCurrent: false };

/** The dry run of a request, a moment after it has changed; nothing is left of those about another dataset. */
export function useCheck(request: Json | null, dataset: string): Verdict {
  const [verdict, setVerdict] = useState<Verdict & { of: string }>({ ...NONE, of: dataset });
  const text = request && JSON.stringify(request);
  useEffect(() => {
    if (text === null) return;
    const control = new AbortController();
    setVerdict((before) => ({ ...(before.of === dataset ? before : NONE), of: dataset, isCurrent: false }));
    (async () => {
      await slept(PAUSE_S, control.signal);
      if (control.signal.aborted) return;
      try {
        const check = await post<Check>("/v1/networks/check", request, {}, control.signal);
        setVerdict({ check, entries: [], problem: "", isCurrent: true, of: dataset });
      } catch (error) {
        if (control.signal.aborted) return;
        const entries = error instanceof Refused ? error.entries : [];
        setVerdict((before) => ({ ...before, entries, problem: entries.length ? "" : told(error), isCurrent: true }));
      }
    })();
    return () => control.abort();
  }, [text]);
  return verdict.of === dataset ? verdict : NONE;
}
