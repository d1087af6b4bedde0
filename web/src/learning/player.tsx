// Walks over the epochs whose weights are kept, by hand or by itself.

import { useEffect } from "preact/hooks";
import { count } from "../parts/words";
import { History } from "./history";

const PAUSE_MS = 700;
const CALM_MS = 2000; // for those who want little motion

interface Props {
  epochs: number[];
  epoch: number; // that is wanted
  shown: number; // whose trace has come
  losses: ReadonlyMap<number, number>;
  isPlaying: boolean;
  onEpoch: (epoch: number) => void;
  onPlay: (isPlaying: boolean) => void;
}

export function Player({ epochs, epoch, shown, losses, isPlaying, onEpoch, onPlay }: Props) {
  const last = epochs.length - 1;
  const place = nearest(epochs, epoch);

  useEffect(() => {
    if (!isPlaying || shown !== epoch) return;
    if (place >= last) return onPlay(false);
    const pause = matchMedia("(prefers-reduced-motion: reduce)").matches ? CALM_MS : PAUSE_MS;
    const timer = setTimeout(() => onEpoch(epochs[place + 1]!), pause);
    return () => clearTimeout(timer);
  }, [isPlaying, shown, place, last]);

  function play() {
    if (!isPlaying && place >= last) onEpoch(epochs[0]!);
    onPlay(!isPlaying);
  }

  if (last < 1) {
    return (
      <p class="soft">
        {said(epoch)}: only these weights are kept. To watch a network learn, keep the weights of some epochs when you start its training.
      </p>
    );
  }
  return (
    <div class="player" role="group" aria-label="Epochs">
      <button type="button" onClick={play}>
        {isPlaying ? "❚❚ Pause" : "▶ Play"}
      </button>
      <button type="button" class="quiet" aria-label="Epoch before" disabled={place === 0} onClick={() => onEpoch(epochs[place - 1]!)}>
        ‹
      </button>
      <div class="track">
        <History epochs={epochs} epoch={epoch} losses={losses} />
        <input
          type="range"
          aria-label="Epoch"
          min={0}
          max={last}
          value={place}
          aria-valuetext={said(epoch)}
          onInput={(event) => {
            onPlay(false);
            onEpoch(epochs[event.currentTarget.valueAsNumber]!);
          }}
        />
      </div>
      <button type="button" class="quiet" aria-label="Next epoch" disabled={place === last} onClick={() => onEpoch(epochs[place + 1]!)}>
        ›
      </button>
      <output>{said(shown)}</output>
    </div>
  );
}

function said(epoch: number): string {
  return epoch === 0 ? "Before training" : `Epoch ${count(epoch)}`;
}

function nearest(epochs: number[], epoch: number): number {
  const place = epochs.findIndex((each) => each >= epoch);
  return place < 0 ? epochs.length - 1 : place;
}
