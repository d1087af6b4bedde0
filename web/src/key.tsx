import { useState } from "preact/hooks";
import { Problem, Title } from "./parts/pieces";
import { ask, keyWanted, Refused, told, useKey } from "./service/requests";

/** Asks for the API key, tries it, and keeps it for as long as the tab is open. */
export function KeyForm() {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);

  async function enter(event: SubmitEvent) {
    event.preventDefault();
    const given = text.trim();
    if (!/^[!-~]+$/.test(given)) return setProblem("This is no key: one begins with gm_ and has neither spaces nor special letters.");
    setBusy(true);
    try {
      await ask("/v1/jobs?limit=1", { headers: { Authorization: `Bearer ${given}` } });
      useKey(given);
    } catch (error) {
      const isWrong = error instanceof Refused && error.status === 401;
      setProblem(isWrong ? `This key does not open the service: ${told(error)}.` : told(error));
      setBusy(false);
    }
  }

  return (
    <form class="card narrow" onSubmit={enter}>
      <Title name="API key">Your API key, please</Title>
      <p class="soft">{keyWanted.value}</p>
      <label for="key">API key</label>
      <input
        id="key"
        type="password"
        autocomplete="off"
        spellcheck={false}
        placeholder="gm_…"
        value={text}
        aria-describedby="key-help"
        aria-invalid={problem !== "" || undefined}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <p class="soft" id="key-help">
        The embedded service wrote one to <code>var/key</code>; elsewhere <code>scripts/keys create</code> makes one. It stays in this tab and
        is forgotten when you close it.
      </p>
      <Problem text={problem} />
      <button type="submit" disabled={isBusy || !text.trim()}>
        Open
      </button>
    </form>
  );
}
