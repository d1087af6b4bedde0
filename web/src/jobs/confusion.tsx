import { count } from "../parts/words";
import type { Result } from "../service/types";

/** Which classes are taken for which; the darker, the more of a class. */
export function Confusion({ matrix }: { matrix: NonNullable<Result["confusion_matrix"]> }) {
  return (
    <section>
      <h2>Taken for what</h2>
      <div class="wide" tabIndex={0} role="group" aria-label="Confusion matrix">
        <table class="confusion">
          <caption class="soft">Each row is a true class, each column what the network took it for.</caption>
          <thead>
            <tr>
              <td />
              {matrix.classes.map((name) => (
                <th key={String(name)} scope="col">
                  {String(name)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {matrix.counts.map((row, index) => {
              const most = Math.max(1, ...row);
              return (
                <tr key={index}>
                  <th scope="row">{String(matrix.classes[index])}</th>
                  {row.map((cell, column) => (
                    <td key={column} class={`shade-${Math.ceil((4 * cell) / most)} ${column === index ? "right" : ""}`}>
                      {count(cell)}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
