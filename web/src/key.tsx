import { useState } from "preact/hooks";
import { Problem, Title } from "./parts/pieces";
import { ask, keyWanted, Refused, told, useKey } from "./service/requests";

/** Why a key opens nothing, as one says it who never saw a header. */
function refusalOf({ message }: Refused): string {
  if (/revoked|expired/.test(message)) return `This key does not open the service any more: ${message}.`;
  return "This key is unknown here. Look whether it is whole, and of this service.";
}

/** Says what this is, asks for the API key, tries it, and keeps it for as long as the tab is open. */
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
      setProblem(isWrong ? refusalOf(error as Refused) : told(error));
      setBusy(false);
    }
  }

  return (
    <form class="card narrow" onSubmit={enter}>
      <Title name="Welcome">Gradmill trains neural networks</Title>
      <p>
        Give it a table and say which column it shall learn to tell. You see what the network will be before it starts, its curves while it
        learns, how one example runs through it and how its error runs back; then its weights are a file.
      </p>
      {keyWanted.value ? <p class="warning">{keyWanted.value}</p> : <p>It opens with an API key.</p>}
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
        A service started with <code>scripts/up</code> wrote it to the file <code>var/key</code> in its folder; elsewhere{" "}
        <code>scripts/keys create</code> makes one. It stays in this tab and is forgotten when you close it.
      </p>
      <Problem text={problem} />
      <button type="submit" disabled={isBusy || !text.trim()}>
        Open
      </button>
    </form>
  );
}
