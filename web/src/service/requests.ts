// Every request of the page: with the key, where one was given, and with the service's own words where it refuses.

import { signal } from "@preact/signals";
import type { Entry } from "./types";

const KEPT_AS = "gradmill-key";

/** The API key, for as long as this tab is open; empty where none was given or none is needed. */
export const key = signal(sessionStorage.getItem(KEPT_AS) ?? "");

/** Why the service wants a key: empty where none was given yet, else what is wrong with the one that was; null while it wants none. */
export const keyWanted = signal<string | null>(null);

export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly entries: Entry[] = [],
  ) {
    super(message);
  }
}

export function useKey(text: string): void {
  sessionStorage.setItem(KEPT_AS, text);
  key.value = text;
  keyWanted.value = null;
}

export function forgetKey(): void {
  sessionStorage.removeItem(KEPT_AS);
  key.value = "";
  keyWanted.value = "You have signed out; the key is forgotten.";
}

/** The answer, whatever it holds; Refused where it is an error, or where there is none. */
export async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const sent = key.value;
  const isTrial = headers.has("Authorization");
  if (sent && !isTrial) headers.set("Authorization", `Bearer ${sent}`);
  let answer: Response;
  try {
    answer = await fetch(path, { cache: "no-store", ...init, headers });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Refused(0, "unreachable", isLong(path) ? tooLong(path) : "The service does not answer. Is it running?");
  }
  if (answer.ok || answer.status === 304) return answer;
  const problem = await answer.json().catch(() => ({}));
  if (answer.status === 401 && !isTrial && key.value === sent) {
    sessionStorage.removeItem(KEPT_AS);
    key.value = "";
    keyWanted.value = sent && "The key of this tab opens the service no more. It takes another one.";
  }
  throw new Refused(
    answer.status,
    problem.code ?? "",
    problem.detail ?? (isLong(path) ? tooLong(path) : `The service answered ${answer.status} ${answer.statusText}`),
    problem.errors ?? [],
  );
}

const SHORT = 4000; // characters of an address, which every server takes; some before the service take no more than 8000

function isLong(path: string): boolean {
  return path.length > SHORT;
}

/** No answer of the service itself has come. */
function tooLong({ length }: string): string {
  return `The service does not answer. So much is said of columns and their values that the request's address has ${length} characters, more than a server on the way may take: say less, or change the file instead.`;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await ask(path, signal ? { signal } : {})).json();
}

export async function post<T>(path: string, body?: unknown, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<T> {
  const json = body === undefined ? {} : { body: JSON.stringify(body), headers: { ...headers, "Content-Type": "application/json" } };
  return (await ask(path, { method: "POST", headers, ...json, ...(signal ? { signal } : {}) })).json();
}

/** What to tell of an error; of an end that was wished for, nothing. */
export function told(error: unknown): string {
  if (error instanceof DOMException && error.name === "AbortError") return "";
  return error instanceof Error ? error.message : String(error);
}
