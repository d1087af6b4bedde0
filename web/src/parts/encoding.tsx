// Files of text that are not UTF-8: how they are written has to be said.

import { useState } from "preact/hooks";
import { Refused } from "../service/requests";
import { vocabulary } from "../service/vocabulary";

/** Whose letters they hold. */
const LETTERS: Record<string, string> = {
  "windows-1250": "Central Europe",
  "windows-1251": "Cyrillic",
  "windows-1252": "Western Europe",
  "windows-1253": "Greek",
  "windows-1254": "Turkish",
  "windows-1255": "Hebrew",
  "windows-1256": "Arabic",
  "windows-1257": "Baltic",
  "windows-1258": "Vietnamese",
  "iso-8859-1": "Western Europe",
  "iso-8859-2": "Central Europe",
  "iso-8859-15": "Western Europe, with €",
  "koi8-r": "Cyrillic",
  macintosh: "Western Europe, older Macs",
  gb18030: "Chinese",
};

/** The encoding that the service advises, or that it was told and does not do; null where a file was not refused for that. */
export function advisedEncoding(error: unknown): string | null {
  const found = error instanceof Refused ? /\bencoding=([\w-]+)|neither UTF-8 nor ([\w-]+)/.exec(error.message) : null;
  return found?.[1] ?? found?.[2] ?? null;
}

export function EncodingChoice({ id, value, onPick }: { id: string; value: string; onPick: (encoding: string) => void }) {
  const options = [...new Set([value, ...vocabulary.value.encodings])].sort();
  return (
    <select id={id} value={value} onChange={(event) => onPick(event.currentTarget.value)}>
      {options.map((each) => (
        <option key={each} value={each}>
          {LETTERS[each] ? `${each}: ${LETTERS[each]}` : each}
        </option>
      ))}
    </select>
  );
}

interface Props {
  name: string; // of the file
  message: string; // why it was refused
  advised: string;
  isBusy: boolean;
  onRead: (encoding: string) => void;
}

/** Says that a file is not UTF-8, and reads it as it is. */
export function NotUtf8({ name, message, advised, isBusy, onRead }: Props) {
  const [encoding, setEncoding] = useState(advised);
  const [why] = message.split(": save the file");
  return (
    <section class="problem" aria-label="Not UTF-8">
      <p role="alert">
        <strong>{name}</strong>: {why}.
      </p>
      <div class="field">
        <label for="encoding">It is written in</label>
        <EncodingChoice id="encoding" value={encoding} onPick={setEncoding} />
        <p class="soft">Spreadsheets on Windows write in that of their language. Or save the file as UTF-8, and choose it again.</p>
      </div>
      <button type="button" aria-disabled={isBusy} onClick={() => isBusy || onRead(encoding)}>
        Read it as {encoding}
      </button>
    </section>
  );
}
