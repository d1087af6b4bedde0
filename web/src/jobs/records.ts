// CSV as it streams by: its records as they stand, and the fields of one.

const QUOTE = 34;
const LINE_FEED = 10;
const RETURN = 13;

/** The records of a stream, blank lines left out, some at a time: what is not taken yet is one chunk of it at most. */
export class Records {
  private readonly reader: ReadableStreamDefaultReader<string>;
  private waiting: string[] = [];
  private rest = "";
  private isQuoted = false;
  private isOver = false;

  constructor(bytes: ReadableStream<Uint8Array>) {
    const decoder = new TextDecoderStream("utf-8", { fatal: true, ignoreBOM: true });
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
    const whole = this.rest + text;
    let begin = 0;
    for (let i = this.rest.length; i < whole.length; i++) {
      const code = whole.charCodeAt(i);
      if (code === QUOTE) this.isQuoted = !this.isQuoted;
      else if ((code === LINE_FEED || code === RETURN) && !this.isQuoted) {
        if (i > begin) this.waiting.push(whole.slice(begin, i));
        begin = i + 1;
      }
    }
    this.rest = whole.slice(begin);
  }

  private end(): void {
    this.isOver = true;
    if (this.rest) this.waiting.push(this.rest);
    this.rest = "";
  }
}

/** The one of , ; and tab that the header has most of, outside quotes, as the service tells it. */
export function delimiterOf(header: string): string {
  const bare = header.split('"').filter((_, place) => place % 2 === 0).join("");
  const count = (mark: string) => bare.split(mark).length;
  return [",", ";", "\t"].reduce((most, each) => (count(each) > count(most) ? each : most));
}

export function fieldsOf(record: string, delimiter = ","): string[] {
  if (!record.includes('"')) return record.split(delimiter);
  const found: string[] = [];
  let text = "";
  let isQuoted = false;
  for (let i = 0; i < record.length; i++) {
    const character = record[i]!;
    if (character === '"') {
      if (isQuoted && record[i + 1] === '"') text += record[i++];
      else isQuoted = !isQuoted;
    } else if (character === delimiter && !isQuoted) {
      found.push(text);
      text = "";
    } else text += character;
  }
  return [...found, text];
}

export function fieldAs(text: string, delimiter: string): string {
  return /["\r\n]/.test(text) || text.includes(delimiter) ? `"${text.replaceAll('"', '""')}"` : text;
}
