// What the service's messages advise is for requests; the page has other words for it, or none.

const OF_REQUESTS = /\b(features|missing_values|upload the data|(numbers|texts|decimal|encoding)=)/;
const OF_CURL = /; was it sent with curl .*$/s;
const BETWEEN = /; (?=(?:[^"]*"[^"]*")*[^"]*$)/; // its parts, not those of names and cells that it quotes

/** A message without what would help in a request, but with the `help`. `begin` is left alone, in which a name may hold anything. */
export function adapted(message: string, help: string, begin = ""): string {
  message = message.replace(OF_CURL, "");
  const parts = message.slice(begin.length).split(BETWEEN);
  const kept = parts.filter((part, index) => index === 0 || !OF_REQUESTS.test(part));
  if (kept.length === parts.length) return message;
  const text = begin + [...kept, help].filter(Boolean).join("; ");
  return message.endsWith(")") && brackets(text) > 0 ? `${text})` : text;
}

/** Where nothing helps, as with a job that was sent, or what does is there to be seen. */
export function withoutAdvice(message: string): string {
  return adapted(message, "");
}

/** How many are open at its end. */
function brackets(text: string): number {
  return text.split("(").length - text.split(")").length;
}
