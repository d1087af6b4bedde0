// The answer of a prediction in JSON, piece by piece: what it is about, its rows, and behind them what they are warned of.

import type { Entry, Reading } from "../service/types";
import type { Row, Value } from "./learned";

export interface Prediction {
  values: Row;
  probabilities?: Record<string, number | null>; // of the classes, or of each flag to be set
}

/** What stands before the rows. */
export interface About {
  targets: string[];
  classes: Value[] | null; // null: numbers or flags
  rows: number;
  reading: Reading; // of the file
}

/** Under which the probability of a class stands; a whole number may have ".0" there. */
export function labelOf(value: Value, of: Record<string, unknown>): string {
  const text = String(value);
  return (Object.hasOwn(of, text) ? null : Object.keys(of).find((each) => typeof value === "number" && Number(each) === value)) ?? text;
}

// Between the parts of an answer; in names and labels quotes are escaped.
const ROWS = '"predictions":[';
const BETWEEN = ',{"values":';
const END = '],"warnings":';

const BROKEN = "The answer broke off before its end. Try it again.";

/** All of it as a file, since the service lets go who takes nothing of it for long; what breaks off is told. */
export async function wholeOf(response: Response, signal: AbortSignal): Promise<Blob> {
  return response.blob().catch((error) => {
    throw signal.aborted ? error : new Error(BROKEN);
  });
}

/** Of rows there are never more in memory than were asked for and one piece of the answer. */
export class Answer {
  warnings: Entry[] = []; // known once no row is left
  private rows: Prediction[] = [];
  private isOver = false;
  private count = 0; // of the rows that have come

  private constructor(
    private readonly reader: ReadableStreamDefaultReader<string>,
    readonly about: About,
    private text: string, // what follows
    private readonly parsed: (text: string) => unknown,
  ) {}

  static async begun(answer: Blob): Promise<Answer> {
    const reader = answer.stream().pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
    let text = "";
    for (let piece; !text.includes(ROWS) && !(piece = await reader.read()).done; ) text += piece.value;
    if (!text.includes(ROWS)) throw new Error(BROKEN);
    const end = text.indexOf(ROWS) + ROWS.length;
    const head = `${text.slice(0, end)}]}`;
    const about: About = JSON.parse(head);
    const parsed = about.classes?.some((each) => Number.isInteger(each) && !Number.isSafeInteger(each)) ? withLong : JSON.parse;
    return new Answer(reader, parsed(head) as About, text.slice(end), parsed);
  }

  /** So many rows; fewer only at the end. */
  async take(count: number): Promise<Prediction[]> {
    while (this.rows.length < count && !this.isOver) {
      const { done, value } = await this.reader.read();
      this.add(value ?? "", done);
    }
    return this.rows.splice(0, count);
  }

  private add(piece: string, isLast: boolean): void {
    this.text += piece;
    this.isOver = isLast;
    const end = this.text.indexOf(END);
    const stop = end < 0 ? this.text.lastIndexOf(BETWEEN) : end;
    if (stop > 0) {
      const found = this.parsed(`[${this.text.slice(0, stop)}]`) as Prediction[];
      for (const row of found) this.rows.push(row);
      this.count += found.length;
      this.text = end < 0 ? this.text.slice(stop + 1) : this.text.slice(stop);
    }
    if (isLast) this.end();
  }

  private end(): void {
    const isWhole = this.text.startsWith(END) && this.text.trimEnd().endsWith("]}") && this.count === this.about.rows;
    if (!isWhole) throw new Error(BROKEN);
    this.warnings = JSON.parse(`{${this.text.slice(2)}`).warnings;
  }
}

const LONG = /"(?:[^"\\]|\\.)*"|([:[,])(-?\d{16,})(?=[,}\]])/g; // and texts, to pass over what they hold

/** With whole numbers as texts of which a number here would hold only the first digits. */
function withLong(text: string): unknown {
  return JSON.parse(text.replace(LONG, (all, before, digits) => (digits ? `${before}"${digits}"` : all)));
}
