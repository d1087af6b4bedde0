import { useEffect, useRef } from "preact/hooks";

/** Gives each thing that is begun a signal, which ends when the next begins or the view goes: then nothing is told of it any more. */
export function useTurns(): () => AbortSignal {
  const control = useRef(new AbortController());
  useEffect(() => () => control.current.abort(), []);
  return () => {
    control.current.abort();
    control.current = new AbortController();
    return control.current.signal;
  };
}
