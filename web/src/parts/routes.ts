// Where in the page one is stands behind the # of the address: #/, #/new, #/new/{dataset}, #/jobs/{id}/{tab}?with={ids}.

import { signal } from "@preact/signals";

export interface Place {
  view: "jobs" | "new" | "job" | "unknown";
  id: string;
  tab: string;
  others: string[];
}

export const place = signal<Place>(read(location.hash));

window.addEventListener("hashchange", () => (place.value = read(location.hash)));

function read(hash: string): Place {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [first = "", id = "", tab = ""] = path.split("/");
  const others = new URLSearchParams(query).get("with")?.split(",").filter(isId) ?? [];
  const view = first === "" ? "jobs" : first === "new" && (id === "" || isId(id)) ? "new" : first === "jobs" && isId(id) ? "job" : "unknown";
  return { view, id, tab, others };
}

/** Whether it leads nowhere else in the path of a request. */
function isId(text: string): boolean {
  return /^\w+$/.test(text);
}

export function jobAddress(id: string, tab = "", others: string[] = []): string {
  return `#/jobs/${id}${tab && `/${tab}`}${others.length ? `?with=${others.join(",")}` : ""}`;
}

/** A new job, of a table that is there. */
export function newAddress(dataset: string): string {
  return `#/new/${dataset}`;
}

export function go(address: string): void {
  location.hash = address;
}
