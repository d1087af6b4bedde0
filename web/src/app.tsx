import { JobPage } from "./jobs/job";
import { JobsPage } from "./jobs/list";
import { KeyForm } from "./key";
import { Title } from "./parts/pieces";
import { place } from "./parts/routes";
import { forgetKey, key, keyWanted } from "./service/requests";
import { NewJob } from "./submit/form";

export function App() {
  const isLocked = keyWanted.value !== null;
  return (
    <>
      <header class="bar">
        <a class="name" href="#/">
          Gradmill
        </a>
        <nav aria-label="Main">
          {!isLocked && (
            <>
              <a href="#/" aria-current={place.value.view === "jobs" ? "page" : undefined}>
                Jobs
              </a>
              <a href="#/new" aria-current={place.value.view === "new" ? "page" : undefined}>
                New job
              </a>
            </>
          )}
          <a href="/docs">API</a>
        </nav>
        {key.value && (
          <button type="button" class="quiet" onClick={forgetKey}>
            Sign out
          </button>
        )}
      </header>
      <main>{isLocked ? <KeyForm /> : <View />}</main>
    </>
  );
}

function View() {
  const { view, id } = place.value;
  if (view === "jobs") return <JobsPage />;
  if (view === "new") return <NewJob key={id} dataset={id} />;
  if (view === "job") return <JobPage key={id} id={id} />;
  return (
    <>
      <Title name="Nothing here">There is nothing here</Title>
      <p>
        <a href="#/">All jobs</a>
      </p>
    </>
  );
}
