// CSV as it streams by: its records as they stand, and the fields of one.

const QUOTE = 34;
const LINE_FEED = 10;
const RETURN = 13;
export const MARK = "\ufeff"; // of the order of bytes, before the first field
const NAMED_DELIMITER = /^"?sep=([,;\t])"?$/i; // a line of spreadsheets, above the header
const DELIMITERS = [",", ";", "\t"];

/** The records of a stream, blank lines left out, some at a time: what is not taken yet is one chunk of it at most. */
export class Records {
  delimiter = ""; // known once there is a record
  isMarked = false; // with the order of bytes, which then is in no record
  private readonly reader: ReadableStreamDefaultReader<string>;
  private waiting: string[] = [];
  private rest = "";
  private isQuoted = false;
  private isClosing = false; // behind a quote that ends a field, or begins two that stand for one
  private isBegun = false;
  private isOver = false;

  constructor(bytes: ReadableStream<Uint8Array>, encoding: string | null | undefined) {
    const decoder = new TextDecoderStream(encoding ?? "utf-8", { fatal: true, ignoreBOM: true });
    this.reader = bytes.pipeThrough(decoder as ReadableWritablePair<string, Uint8Array>).getReader();
  }

  /** Up to so many; none at the end. */
  async take(most: number): Promise<string[]> {
    while (this.waiting.length === 0 && !this.isOver) {
      const { done, value } = await this.reader.read();
      if (done) this.end();
      else this.add(value);
    }
    return this.waiting.splice(0, most);
  }

  /** Exactly so many, unless it ends before. */
  async takeAll(count: number): Promise<string[]> {
    const found: string[] = [];
    while (found.length < count) {
      const more = await this.take(count - found.length);
      if (more.length === 0) break;
      found.push(...more);
    }
    return found;
  }

  private add(text: string): void {
    const isFirst = !this.isBegun && text !== "";
    this.isBegun ||= isFirst;
    this.isMarked ||= isFirst && text.startsWith(MARK);
    const whole = this.rest + (isFirst && this.isMarked ? text.slice(1) : text);
    let begin = 0;
    for (let i = this.rest.length; i < whole.length; i++) {
      const code = whole.charCodeAt(i);
      const isBehind = this.isClosing;
      this.isClosing = code === QUOTE && this.isQuoted;
      if (code === QUOTE) this.isQuoted = !this.isQuoted && (isBehind || this.isBegin(whole, begin, i));
      else if ((code === LINE_FEED || code === RETURN) && !this.isQuoted) {
        if (i > begin) this.found(whole.slice(begin, i));
        begin = i + 1;
      }
    }
    this.rest = whole.slice(begin);
  }

  /** Whether a field begins at i, where alone a quote means anything else than itself. */
  private isBegin(text: string, begin: number, i: number): boolean {
    if (i === begin) return true;
    return this.delimiter ? text[i - 1] === this.delimiter : DELIMITERS.includes(text[i - 1]!);
  }

  private found(record: string): void {
    if (!this.delimiter && (this.delimiter = NAMED_DELIMITER.exec(record)?.[1] ?? "")) return;
    this.delimiter ||= delimiterOf(record);
    this.waiting.push(record);
  }

  private end(): void {
    this.isOver = true;
    if (this.rest) this.found(this.rest);
    this.rest = "";
  }
}

/** The one of , ; and tab that the header has most of, outside quotes, as the service tells it. */
function delimiterOf(header: string): string {
  const bare = header.split('"').filter((_, place) => place % 2 === 0).join("");
  const count = (mark: string) => bare.split(mark).length;
  return DELIMITERS.reduce((most, each) => (count(each) > count(most) ? each : most));
}

export function fieldsOf(record: string, delimiter: string): string[] {
  if (!record.includes('"')) return record.split(delimiter);
  const found: string[] = [];
  let text = "";
  let isQuoted = false;
  for (let i = 0; i < record.length; i++) {
    const character = record[i]!;
    if (character === '"' && isQuoted) {
      if (record[i + 1] === '"') text += record[i++];
      else isQuoted = false;
    } else if (character === '"' && (i === 0 || record[i - 1] === delimiter)) isQuoted = true;
    else if (character === delimiter && !isQuoted) {
      found.push(text);
      text = "";
    } else text += character;
  }
  return [...found, text];
}

export function fieldAs(text: string, delimiter: string): string {
  return /["\r\n]/.test(text) || text.includes(delimiter) ? `"${text.replaceAll('"', '""')}"` : text;
}
