// Texts that mean a missing value, as they are typed into one field.

const BETWEEN = ";"; // a comma may be a decimal one
const EACH = /\s*("(?:[^"]|"")*"|[^;]*?)\s*(?:;|$)/gy; // in quotes, or as far as the next semicolon

/** Each once, in their order. One that holds a semicolon stands in quotes, which are doubled in it. */
export function textsIn(typed: string): string[] {
  const found = [...typed.matchAll(EACH)].map(([, text = ""]) => (isQuoted(text) ? text.slice(1, -1).replaceAll('""', '"') : text));
  return [...new Set(found.map((each) => each.trim()).filter(Boolean))];
}

export function asTyped(texts: string[]): string {
  return texts.map((each) => (each.includes(BETWEEN) || each.startsWith('"') ? `"${each.replaceAll('"', '""')}"` : each)).join(`${BETWEEN} `);
}

function isQuoted(text: string): boolean {
  return text.length > 1 && /^"(?:[^"]|"")*"$/.test(text);
}
